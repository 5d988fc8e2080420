"""What all sources are: timestamped frames to read, one after another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

from ml.vision.analysis import Frame


class SourceError(ValueError):
    """A source that cannot be read; the message says which, why, and what to do."""


class Source(ABC):
    """An open source: iterate over its frames, then close it, or use a with statement."""

    name: str
    live: bool
    """Whether it delivers at its own pace (a camera, a stream), and may come back when lost."""
    still: bool
    """Whether it is a single image."""
    cut_off: bool = False
    """Whether it ended sooner than it says; known after the last frame."""
    spoilt: int = 0
    """Parts that could not be decoded so far."""
    length: float | None = None
    """Seconds from the beginning to the end, as a video file tells them; None if unknown."""

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame; None at the end. Raises SourceError when the source is lost."""

    @abstractmethod
    def close(self) -> None:
        """Release the file or device; nothing can be read afterwards."""

    def __iter__(self) -> Iterator[Frame]:
        while frame := self.read():
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
