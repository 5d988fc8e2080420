"""What is built of the program, as far as it can be told without building it."""

from __future__ import annotations

import configparser
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QGuiApplication, QImage

from app.application import DESKTOP_ID
from app.settings import APP_ID

_SPEC = Path(__file__).parent.parent / "build_spec"
sys.path.insert(0, str(_SPEC))

import draw_icons  # noqa: E402
import platforms  # noqa: E402
import size  # noqa: E402

_METAINFO = _SPEC / "linux" / f"{DESKTOP_ID}.metainfo.xml"
_DESKTOP = _SPEC / "linux" / f"{DESKTOP_ID}.desktop"


@pytest.mark.parametrize("side", draw_icons.SIZES)
def test_icons_are_drawn_from_the_svg(qapp: QGuiApplication, side: int) -> None:
    icon = QImage(str(draw_icons.ICONS / f"app-{side}.png"))
    assert (icon.width(), icon.height()) == (side, side)
    wanted = draw_icons.drawn(side)
    for x in range(0, side, 3):
        for y in range(0, side, 3):
            ours, drawn = icon.pixelColor(x, y), wanted.pixelColor(x, y)
            assert abs(ours.alpha() - drawn.alpha()) <= 2
            if ours.alpha() > 250:
                assert abs(ours.red() - drawn.red()) <= 2


def test_desktops_know_the_program_by_one_name() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(_DESKTOP)
    component = ElementTree.parse(_METAINFO).getroot()

    assert platforms.APP_ID == DESKTOP_ID == component.findtext("id")
    assert entry["Desktop Entry"]["Icon"] == DESKTOP_ID
    # X11 desktops know a window by the application's name, which is what Qt puts in WM_CLASS.
    assert entry["Desktop Entry"]["StartupWMClass"] == APP_ID
    assert entry["Desktop Entry"]["Exec"] == platforms.NAME
    assert component.findtext("launchable") == _DESKTOP.name


def test_appstream_accepts_the_metadata() -> None:
    if shutil.which("appstreamcli") is None:
        pytest.skip("needs appstreamcli (Debian: apt install appstream); make bundle runs it, too")
    command = ["appstreamcli", "validate", "--no-net", str(_METAINFO)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_macos_is_told_what_the_camera_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plistlib.loads((_SPEC / "macos" / "entitlements.plist").read_bytes())[
        "com.apple.security.device.camera"
    ]
    assert platforms.application_bundle("0.1.0") is None, "Linux and Windows have a plain folder"
    monkeypatch.setattr(sys, "platform", "darwin")
    bundle = platforms.application_bundle("0.1.0")
    assert bundle is not None
    assert "camera" in bundle["info_plist"]["NSCameraUsageDescription"]
    assert Path(platforms.executable_options("0.1.0")["entitlements_file"]).exists()


def test_parts_of_a_folder_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "_OPENED", 1000)
    for name, count in {"a/x/1": 600, "a/y": 700, "b/1": 300, "b/2": 400, "c": 50}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(count))
    (tmp_path / "link").symlink_to(tmp_path / "c")

    found = {str(path.relative_to(tmp_path)): n for path, n in size.parts(tmp_path).items()}

    assert found == {"a/x": 600, "a/y": 700, "b": 700, "c": 50}
