"""Everything that differs between the built programs for Linux, Windows and macOS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

NAME: Final = "face-expression-detector"
TITLE: Final = "Face-Expression Detector"
APP_ID: Final = "org.face_expression_detector.FaceExpressionDetector"
QT_PLATFORM: Final = {"win32": "windows", "darwin": "cocoa"}.get(sys.platform, "xcb")
"""The platform plugin through which Qt shows the window."""
_UNUSED_QT: Final = ("Pdf", "Qml", "Quick", "VirtualKeyboard")
_QT_LIBRARY: Final = {"win32": "*/Qt6{}*.dll", "darwin": "*/Qt{}*.framework/*"}
LEFT_OUT_FILES: Final = [
    *(_QT_LIBRARY.get(sys.platform, "*/libQt6{}*").format(name) for name in _UNUSED_QT),
    # the GTK theme on Linux: the window has its own
    "*/plugins/platformthemes/libqgtk3*", "libgtk-3*", "libgdk*",
]  # fmt: skip
"""Patterns of files the built folder does not need."""
_HERE: Final = Path(__file__).parent
_ICON: Final = str(_HERE.parent / "resources" / "icons" / "app-512.png")
"""PyInstaller converts it to .ico and .icns."""


def executable_options(version: str) -> dict[str, Any]:
    """The arguments of PyInstaller's EXE that differ between systems."""
    match sys.platform:
        case "win32":
            return {"icon": _ICON, "version": _version_resource(version)}
        case "darwin":
            return {"icon": _ICON, "entitlements_file": str(_HERE / "macos" / "entitlements.plist")}
        case _:  # a Linux program's icon is in its .desktop file
            return {}


def application_bundle(version: str) -> dict[str, Any] | None:
    """The arguments of PyInstaller's BUNDLE; None where a program is a plain folder."""
    if sys.platform != "darwin":
        return None
    return {
        "name": f"{TITLE}.app",
        "icon": _ICON,
        "bundle_identifier": APP_ID,
        "version": version,
        "info_plist": {
            "NSCameraUsageDescription": "The camera is used to recognise facial expressions. Its "
            "pictures never leave this computer.",
            "NSHighResolutionCapable": True,
            "LSApplicationCategoryType": "public.app-category.video",
        },
    }


def _version_resource(version: str) -> Any:  # noqa: ANN401 - PyInstaller's, on Windows only
    from PyInstaller.utils.win32 import versioninfo as v

    numbers = (*map(int, version.split(".")), 0)[:4]
    texts = {
        "FileDescription": TITLE,
        "FileVersion": version,
        "InternalName": NAME,
        "OriginalFilename": f"{NAME}.exe",
        "ProductName": TITLE,
        "ProductVersion": version,
    }
    english = v.StringTable("040904B0", [v.StringStruct(name, t) for name, t in texts.items()])
    return v.VSVersionInfo(
        ffi=v.FixedFileInfo(filevers=numbers, prodvers=numbers),
        kids=[
            v.StringFileInfo([english]),
            v.VarFileInfo([v.VarStruct("Translation", [0x0409, 1200])]),
        ],
    )
