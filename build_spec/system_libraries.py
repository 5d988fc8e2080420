"""Install the system libraries that Qt's wheels need and minimal Debian or Ubuntu systems lack.

Run by the Makefile with the names of additional programs to install (``Xvfb`` for the tests).
Uses apt if it may; otherwise prints the exact command. Needs nothing but Python.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "Xvfb": "xvfb",
    "appstreamcli": "appstream",
}


def missing(programs: list[str]) -> list[str]:
    """The Debian packages that are needed and not installed."""
    packages = []
    for name, package in PACKAGES.items():
        if ".so" in name:
            try:
                ctypes.CDLL(name)
            except OSError:
                packages.append(package)
        elif name in programs and shutil.which(name) is None:
            packages.append(package)
    return packages


def main(programs: list[str]) -> int:
    if not sys.platform.startswith("linux"):
        return 0
    packages = missing(programs)
    if not packages:
        return 0
    if shutil.which("apt-get") is None:
        print(
            "Qt needs system libraries that are missing. On Debian their packages are:", *packages
        )
        print("Install their equivalents for your distribution, then try again.")
        return 1
    root = os.geteuid() == 0
    sudo = [] if root else ["sudo"]
    may_install = root or (
        shutil.which("sudo") is not None
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    )
    if may_install:
        print("Installing", *packages)
        apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        subprocess.run([*apt, "update"], check=False)
        subprocess.run([*apt, "install", "--no-install-recommends", *packages], check=False)
        packages = missing(programs)
    if packages:
        print("System packages are missing. Run this, then try again:")
        print("  sudo apt-get update && sudo apt-get install", *packages)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
