"""What a face's height, light, sharpness, turn and place cost: the curves of ``ml.vision.quality``.

On PublicTest, with the bundled weights. Worth is accuracy above chance over that of the same
pictures as they were; for turned heads, which are found and not made, over that of all pictures of
the same labels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.settings import LEAST_QUALITY
from ml.data import degradation
from ml.data.fer2013 import load
from ml.expressions import EXPRESSIONS
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.picture import SIDE
from ml.vision.analysis import DetectionOptions, Face, Fault, Quality
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from ml.vision.quality import quality
from resources import bundled_weights

Picture = npt.NDArray[np.uint8]
_Way = tuple[degradation.Way, Sequence[float]]
_CHANCE: Final = 1 / len(EXPRESSIONS)
_EVERY: Final = 3
"""Of PublicTest, which is sorted by label, one picture in so many is put into frames."""


class Seen(NamedTuple):
    """A picture that was made worse."""

    quality: Quality
    right: bool
    right_before: bool


def main() -> None:
    path = Path(os.environ.get("FER2013_PATH", ""))
    if not path.is_file():
        print("needs FER2013: set FER2013_PATH to its zip")
        return
    split = load(path, skip_bad=True).validation
    classifier = ExpressionClassifier(load_weights(bundled_weights()), "cpu", exact=True)

    def right(pictures: Sequence[Picture], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        verdict: npt.NDArray[np.bool_] = classifier.logits(np.stack(pictures)).argmax(1) == labels
        return verdict

    pictures, labels = split.pictures, split.labels
    before = right(list(pictures), labels)

    def made_worse(way: degradation.Way, strengths: Sequence[float]) -> list[Seen]:
        seen = _seen([_quality(picture) for picture in pictures], before, before)
        for strength in strengths:
            random = np.random.default_rng(0)
            worse = [degradation.degraded(way, each, strength, random) for each in pictures]
            seen += _seen([_quality(each) for each in worse], right(worse, labels), before)
        return seen

    for name, (way, strengths) in _LIGHT.items():
        _print(f"light, {name}: tones in bits", made_worse(way, strengths), _tones, _TONES)
    for name, (way, strengths) in _SHARPNESS.items():
        _print(f"{name}: sharpness", made_worse(way, strengths), _sharpness, _SHARP)

    detector = FaceDetector(DetectionOptions(min_size=8), exact=True)

    def framed(
        chosen: Sequence[int], frame: Callable[[Picture], Picture]
    ) -> dict[int, tuple[Quality, Picture]]:
        """What is found of the chosen pictures, by their numbers."""
        found = {}
        for n in chosen:
            image = frame(pictures[n])
            faces = detector.detect(image)
            if faces:
                picture = face_pictures(image, faces[0])[0]
                size = (image.shape[1], image.shape[0])
                found[n] = quality(picture, faces[0], size), picture
        return found

    def against(
        plain: dict[int, tuple[Quality, Picture]], worse: dict[int, tuple[Quality, Picture]]
    ) -> list[Seen]:
        both = sorted(plain.keys() & worse.keys())
        if not both:
            return []
        verdicts = (right([found[n][1] for n in both], labels[both]) for found in (worse, plain))
        return _seen([worse[n][0] for n in both], *verdicts)

    plain = framed(range(len(pictures)), _bordered)
    _print_turns(
        plain, right([picture for _, picture in plain.values()], labels[list(plain)]), labels
    )
    _print_shares([found for found, _ in plain.values()])
    some = range(_EVERY // 2, len(pictures), _EVERY)
    cut = [
        seen
        for side in range(4)
        for share in (0.1, 0.2, 0.3, 0.4)
        for seen in against(plain, framed(some, lambda picture: _cut(picture, side, share)))  # noqa: B023
    ]
    _print("cut off: share", cut, lambda found: found.cut_off, _CUT)
    for size, sides in _FAR.items():
        detector.options = DetectionOptions(long_side=size, min_size=8)
        far = [
            seen
            for side in sides
            for seen in against(plain, framed(some, lambda picture: _far(picture, side)))  # noqa: B023
        ]
        title = f"far away in 640×480, detection size {size}: height in pixels"
        _print(title, far, lambda found: found.height, _HEIGHTS)


def _quality(picture: Picture) -> Quality:
    return quality(picture, _UPRIGHT, (SIDE, SIDE))


def _seen(
    found: Sequence[Quality], right: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_]
) -> list[Seen]:
    return [Seen(*each) for each in zip(found, right.tolist(), before.tolist(), strict=True)]


def _print(
    title: str, seen: list[Seen], measure: Callable[[Quality], float], edges: Sequence[float]
) -> None:
    print(f"\n{title}\n  median   worth  pictures")
    measured = np.array([measure(each.quality) for each in seen])
    right = np.array([each.right for each in seen])
    before = np.array([each.right_before for each in seen])
    for low, high in pairwise(edges):
        inside = (low <= measured) & (measured < high)
        if inside.sum() >= 100:
            worth = (right[inside].mean() - _CHANCE) / (before[inside].mean() - _CHANCE)
            print(f"{np.median(measured[inside]):8.2f}{worth:8.2f}{inside.sum():10}")


def _print_turns(
    plain: dict[int, tuple[Quality, Picture]],
    right: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.int64],
) -> None:
    print(f"\nturned: degrees, of {len(plain)} found\n  median   worth      ±  pictures")
    turns = np.array([abs(found.turn) for found, _ in plain.values()])
    labels = labels[list(plain)]
    by_label = np.array([right[labels == label].mean() for label in EXPRESSIONS])
    for low, high in pairwise(_TURNS):
        inside = (low <= turns) & (turns < high)
        usual = by_label[labels[inside]].mean() - _CHANCE
        worth = (right[inside].mean() - _CHANCE) / usual
        error = 1.96 * right[inside].std() / np.sqrt(inside.sum()) / usual
        print(f"{np.median(turns[inside]):8.1f}{worth:8.2f}{error:7.2f}{inside.sum():10}")


def _print_shares(found: list[Quality]) -> None:
    values = np.array([each.value for each in found])
    least = LEAST_QUALITY.default / 100
    print(f"\nPublicTest as it is: {(values < least).mean():.1%} below {least:.2f}, so dimmed")
    for fault in Fault:
        share = sum(each.fault is fault for each in found) / len(found)
        print(f"  {fault.name.lower().replace('_', ' '):10}{share:7.1%}")


def _bordered(picture: Picture) -> Picture:
    """Enlarged four times, with a quarter of replicated border, BGR."""
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_REPLICATE)
    return cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR)


def _cut(picture: Picture, side: int, share: float) -> Picture:
    """Without the border on one side, and without a share of the picture there."""
    turned = np.rot90(_bordered(picture), side)[SIDE + round(4 * SIDE * share) :]
    return np.ascontiguousarray(np.rot90(turned, -side))


def _far(picture: Picture, side: int) -> Picture:
    """In a frame of 640×480, ``side`` pixels large without its border."""
    small = cv2.resize(
        _bordered(picture), (side * 3 // 2, side * 3 // 2), interpolation=cv2.INTER_AREA
    )
    frame = np.full((480, 640, 3), round(float(picture.mean())), np.uint8)
    frame[100 : 100 + len(small), 200 : 200 + len(small)] = small
    return frame


def _dark(picture: Picture, gain: float, _: np.random.Generator) -> Any:  # noqa: ANN401
    """Less light without noise, or with a gain above 1, too much."""
    return picture * gain


def _hazy(picture: Picture, contrast: float, _: np.random.Generator) -> Any:  # noqa: ANN401
    return picture.mean() + (picture - picture.mean()) * contrast


def _tones(found: Quality) -> float:
    return found.tones


def _sharpness(found: Quality) -> float:
    return found.sharpness


_UPRIGHT: Final = Face(
    0, 0, SIDE, SIDE, 1, ((15.0, 18.0), (33.0, 18.0), (24.0, 27.0), (17.0, 36.0), (31.0, 36.0))
)
_LIGHT: Final[dict[str, _Way]] = {
    "dark": (_dark, (0.5, 0.3, 0.2, 0.15, 0.1, 0.05)),
    "hazy": (_hazy, (0.7, 0.5, 0.3, 0.2, 0.1, 0.05)),
    "too bright": (_dark, (1.3, 1.6, 2.0, 2.5, 3.0)),
}
_SHARPNESS: Final[dict[str, _Way]] = {
    "blurred": (degradation.blurred, (0.5, 0.65, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.5, 3, 4)),
    "moved": (degradation.moved, (3, 4, 5, 6, 7, 9)),
    "noisy": (degradation.noisy, (4, 8, 12, 16, 20, 24, 32)),
    "dim and noisy": (degradation.dim, (0.7, 0.5, 0.4, 0.3, 0.22, 0.15, 0.1)),
}
_TONES: Final = (0, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8)
_SHARP: Final = (0, 0.15, *np.arange(0.2, 1.8, 0.1).tolist())
_TURNS: Final = (0, 5, 10, 15, 30, 60, 90)
_CUT: Final = (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_FAR: Final = {512: (48, 40, 36, 32, 28, 24, 20), 640: (40, 32, 28, 24, 20, 16)}
"""Sides of the picture in its frame, in pixels, by detection size."""
_HEIGHTS: Final = (20, 24, 26, 28, 30, 32, 34, 36, 38, 42, 48)
