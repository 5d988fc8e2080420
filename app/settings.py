"""What the program remembers between starts: key, type and default of each setting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

from ml.batch.options import BatchOptions
from ml.vision.analysis import AUTOMATIC_VIEWS, DetectionOptions

APP_ID: Final = "face-expression-detector"

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    key: str
    default: T


SOURCE: Final = Setting("live/source", "")
RECENT_SOURCES: Final = Setting[list[str]]("live/recent_sources", [])
WEIGHTS: Final = Setting("live/weights", "")
"""A path; empty for the bundled file."""
RECENT_WEIGHTS: Final = Setting[list[str]]("live/recent_weights", [])
DEVICE: Final = Setting("live/device", "auto")
INTERVAL: Final = Setting("live/interval", 2.0)
VIEWS: Final = Setting("live/views", AUTOMATIC_VIEWS)
SMOOTHING: Final = Setting("live/smoothing", 0.3)
LEAST_QUALITY: Final = Setting("live/least_quality", 80)
"""In percent; docs/measurements.md says what it dims."""
LEAVE_OUT: Final = Setting("live/leave_out", False)
MIN_SCORE: Final = Setting("live/min_score", DetectionOptions().min_score)
MIN_SIZE: Final = Setting("live/min_size", DetectionOptions().min_size)
LONG_SIDE: Final = Setting("live/long_side", DetectionOptions().long_side)
MIRROR: Final = Setting("live/mirror", False)
LOOP: Final = Setting("live/loop", False)
TURN: Final = Setting("live/turn", 0)
"""Of every frame, in degrees clockwise."""
MARKER_LABELS: Final = Setting[list[str]]("live/marker_labels", [])
"""Of the keys 1 to 9: see app/live/markers/labels.py."""
RECORDINGS_FOLDER: Final = Setting("recordings/folder", "")
"""In which recordings are kept; empty for the usual one."""
SNAPSHOTS_FOLDER: Final = Setting("snapshots/folder", "")
"""Of the last one that was saved; empty before the first."""
FILES_KINDS: Final = Setting("files/kinds", "")
"""What is looked for in folders: a Kind, or empty for all."""
FILES_INTERVAL: Final = Setting("files/interval", BatchOptions.interval)
FILES_VIEWS: Final = Setting("files/views", BatchOptions.views)
FILES_SMOOTHING: Final = Setting("files/smoothing", BatchOptions.smoothing)
FILES_MIN_SIZE: Final = Setting("files/min_size", BatchOptions.min_size)
FILES_VIDEO: Final = Setting("files/video", BatchOptions.video)
FILES_WORKERS: Final = Setting("files/workers", 1)
"""Processes; each keeps all cores busy but for what it does alone, such as reading."""
FILES_FOLDER: Final = Setting("files/folder", "")
"""For results; empty for the folder of recordings."""
TRAINING_DATA: Final = Setting("training/data", "")
TRAINING_PRESET: Final = Setting("training/preset", "quick")
OUTLIVE: Final = Setting("training/outlive_window", False)
GEOMETRY: Final = Setting("window/geometry", b"")

_FORMAT: Final = 1


class Settings:
    """Typed access to the settings file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path(APP_ID, appauthor=False) / "settings.ini"
        self.set_aside = _set_aside_if_unusable(self.path)
        """Where an unusable settings file was moved; None if there was none."""
        self._store = QSettings(str(self.path), QSettings.Format.IniFormat)
        self._store.setValue("format", _FORMAT)

    def get(self, setting: Setting[T]) -> T:
        """The stored value; the default if there is none or it is of another type."""
        default = setting.default
        value = self._store.value(setting.key)
        if value is None:
            return default
        try:
            return _converted(value, default)
        except (TypeError, ValueError):
            return default

    def set(self, setting: Setting[T], value: T) -> None:
        self._store.setValue(setting.key, QByteArray(value) if isinstance(value, bytes) else value)

    def remember(self, setting: Setting[list[str]], value: str, most: int = 6) -> None:
        """Put ``value`` first in a list of at most ``most`` recent values."""
        kept = [old for old in self.get(setting) if old != value]
        self.set(setting, [value, *kept][:most])

    def save(self) -> None:
        self._store.sync()


def _converted(value: Any, default: T) -> T:  # noqa: ANN401 - what QSettings returns
    """A value that the ini file holds as text, in the type of ``default``."""
    result: Any
    if isinstance(default, bool):
        if str(value).lower() not in ("true", "false"):
            raise ValueError(value)
        result = str(value).lower() == "true"
    elif isinstance(default, bytes):
        result = bytes(QByteArray(value).data())
    elif isinstance(default, list):
        result = [str(item) for item in (value if isinstance(value, list) else [value])]
    else:
        result = type(default)(value)  # type: ignore[call-arg]
    return result  # type: ignore[no-any-return]


def _set_aside_if_unusable(path: Path) -> Path | None:
    """Move a settings file that is damaged or not ours out of the way; never delete it."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    store = QSettings(str(path), QSettings.Format.IniFormat)
    if store.status() is QSettings.Status.NoError and str(store.value("format")) == str(_FORMAT):
        return None
    aside = next(
        candidate
        for n in range(1, 1000)
        if not (candidate := path.with_name(f"{path.name}.unusable-{n}")).exists()
    )
    path.rename(aside)
    return aside
