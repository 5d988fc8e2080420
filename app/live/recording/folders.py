"""Where recordings are kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from platformdirs import user_documents_path

from app.settings import RECORDINGS_FOLDER, Settings


def recordings_folder(settings: Settings) -> Path:
    """In which recordings are kept: what the user chose last, else a usual place."""
    return Path(settings.get(RECORDINGS_FOLDER) or usual_folder())


def usual_folder() -> Path:
    """In which recordings are kept unless the user chose another."""
    return user_documents_path() / "Face-Expression Recordings"


def new_folder(within: Path, now: datetime) -> Path:
    """A name for a recording that begins ``now``, which nothing has in ``within``."""
    name = now.strftime("%Y-%m-%d %H.%M.%S")
    names = [name, *(f"{name} ({n})" for n in range(2, 1000))]
    return next(folder for n in names if not (folder := within / n).exists())
