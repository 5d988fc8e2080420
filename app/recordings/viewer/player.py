"""Shows the frames of the video at the clock's time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from app.recordings.viewer.clock import Clock
from app.recordings.viewer.frame_reader import FrameReader
from app.recordings.viewer.stage import Stage

if TYPE_CHECKING:
    from ml.recording.playback import Picture

_STOP_MS: Final = 5000
"""Longer than decoding a second of video takes."""


class Player(QObject):
    """Owns the thread that decodes; without a video it does nothing."""

    failed = Signal(str)
    """Why there are no pictures."""
    shown = Signal()
    """Another frame is shown."""

    def __init__(self, stage: Stage, clock: Clock, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self._clock = clock
        self._reader: FrameReader | None = None
        clock.moved.connect(self._on_time)

    def begin(self, video: Path | None) -> None:
        """With another recording's video, or none."""
        self.end()
        if video is None:
            return
        self._reader = FrameReader(video, self)
        self._reader.decoded.connect(self._on_decoded)
        self._reader.failed.connect(self.failed)
        self._reader.start()
        self._reader.ask(self._clock.time)

    def end(self) -> None:
        """It ends by itself, with what it decodes now."""
        if self._reader is not None:
            self._reader.decoded.disconnect(self._on_decoded)
            self._reader.failed.disconnect(self.failed)
            self._reader.stop()
            self._reader.finished.connect(self._reader.deleteLater)
            if self._reader.isFinished():  # it failed before
                self._reader.deleteLater()
            self._reader = None

    def shut_down(self) -> bool:
        """Returns whether all threads ended in time."""
        self.end()
        return all(reader.wait(_STOP_MS) for reader in self.findChildren(FrameReader))

    @Slot()
    def _on_time(self) -> None:
        if self._reader is not None:
            self._reader.ask(self._clock.time)

    @Slot(object)
    def _on_decoded(self, picture: Picture) -> None:
        self._stage.show_image(picture.image)
        self.shown.emit()
