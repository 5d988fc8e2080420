"""The analyses of a video's frames, as fast as the processor can."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Final, NamedTuple

from ml.batch.ahead import mapped_ahead, read_ahead
from ml.batch.networks import Answer, Networks
from ml.vision.analysis import Face, Frame, TrackedFace
from ml.vision.smoothing import smoothed
from ml.vision.tracker import Tracker

_READ: Final = 4
"""Decoded frames that wait for the detector at most."""
_FACES: Final = 8
"""That are classified at once: more gain little, and let nothing be told for longer."""
_LONGEST: Final = 16
"""Frames that wait until there are so many faces."""
_MOST_BYTES: Final = 32 << 20
"""Of frames that wait: one of 3840×2160 has 24 MB."""


class Analysed(NamedTuple):
    frame: Frame
    faces: tuple[TrackedFace, ...]
    """Largest first."""


class _Tracked(NamedTuple):
    frame: Frame
    faces: list[TrackedFace]


def analysed(networks: Networks, frames: Iterable[Frame]) -> Generator[Analysed]:
    """Each frame with its faces, as a FaceAnalyzer finds them that predicts on every frame.

    Close the generator if not all is taken.
    """
    detect = networks.detector.detect
    most = networks.threads + 2
    with (
        closing(read_ahead(frames, _READ)) as read,
        closing(
            mapped_ahead(lambda frame: (frame, detect(frame.image)), read, networks.pool, most)
        ) as found,
        closing(
            mapped_ahead(lambda group: _answered(networks, group), _groups(found), networks.pool, 2)
        ) as answered,
    ):
        steady = _Steady(networks.options.smoothing, networks.options.views)
        for frame, faces, answers in chain.from_iterable(answered):
            yield Analysed(frame, steady.faces(frame.time, faces, answers))


def _groups(found: Iterable[tuple[Frame, list[Face]]]) -> Iterator[list[_Tracked]]:
    """Of as many frames as are classified at once."""
    tracker = Tracker()
    size: tuple[int, int] | None = None
    group: list[_Tracked] = []
    for frame, faces in found:
        height, width = frame.image.shape[:2]
        if size is not None and size != (width, height):
            tracker.rescale(width / size[0], height / size[1])
        size = width, height
        group.append(_Tracked(frame, tracker.update(faces, frame.time)))
        held = sum(tracked.frame.image.nbytes for tracked in group)
        asked = sum(len(tracked.faces) for tracked in group)
        if len(group) == _LONGEST or asked >= _FACES or held >= _MOST_BYTES:
            yield group
            group = []
    yield group


def _answered(
    networks: Networks, group: list[_Tracked]
) -> list[tuple[Frame, list[TrackedFace], list[Answer]]]:
    seen = [(frame.image, [tracked.face for tracked in faces]) for frame, faces in group]
    answers = networks.answers(seen)
    return [(*tracked, answer) for tracked, answer in zip(group, answers, strict=True)]


class _Steady:
    """Smooths each person's answers over time."""

    def __init__(self, smoothing: float, views: int) -> None:
        self._smoothing, self._views = smoothing, views
        self._last: dict[int, TrackedFace] = {}
        """By track id."""

    def faces(
        self, time: float, faces: list[TrackedFace], answers: list[Answer]
    ) -> tuple[TrackedFace, ...]:
        """``faces`` of the frame at ``time`` seconds with their ``answers``."""
        return tuple(
            self._face(time, face, answer) for face, answer in zip(faces, answers, strict=True)
        )

    def _face(self, time: float, face: TrackedFace, answer: Answer) -> TrackedFace:
        raw = probabilities = answer.probabilities
        last = self._last.get(face.track)
        if last is not None and last.probabilities is not None and last.answered is not None:
            seconds = time - last.answered
            probabilities = smoothed(last.probabilities, raw, seconds, self._smoothing)
        self._last[face.track] = answered = replace(
            face,
            raw=raw,
            probabilities=probabilities,
            answered=time,
            views=self._views,
            quality=answer.quality,
        )
        return answered
