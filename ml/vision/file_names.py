"""How names of videos and pictures end."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

VIDEOS: Final = """
3g2 3gp asf av1 avi divx dv f4v flv h264 h265 hevc ivf m1v m2t m2ts m2v m4v mjpeg mjpg mkv mov mp4
mpe mpeg mpg mts mxf nut obu ogm ogv qt rm rmvb ts vob webm wmv y4m
"""
PICTURES: Final = """
bmp dib exr hdr heic heif hif j2k jfif jp2 jpe jpeg jpg mpo pam pbm pcx pfm pgm pic pnm ppm ras sgi
sr tga tif tiff xbm
"""
PERHAPS_ANIMATED: Final = "apng avif avifs gif png webp"
"""Pictures, some of which move."""


def ends_like(path: PurePath, endings: str) -> bool:
    """Whether the name ends in one of ``endings``; upper and lower case are the same."""
    return path.suffix.lower().removeprefix(".") in endings.split()


def patterns() -> str:
    """Of all of them, for a file dialog."""
    endings = sorted(f"{VIDEOS} {PICTURES} {PERHAPS_ANIMATED}".split())
    return " ".join(f"*.{ending}" for ending in endings)
