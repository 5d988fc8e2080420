"""Files that ship with the program, read with importlib.resources."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def bundled_weights() -> Path:
    """Path of the weights file the program starts with."""
    return Path(str(files(__name__) / "weights" / "fer2013.safetensors"))


def icon(name: str) -> Path:
    """Path of the SVG icon ``name``."""
    return Path(str(files(__name__) / "icons" / f"{name}.svg"))
