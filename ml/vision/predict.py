"""``python -m ml predict``: the faces and expressions of images and videos, as table or data."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ml.expressions import LABELS
from ml.vision.analysis import TrackedFace
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.sources import SourceError, open_source

if TYPE_CHECKING:
    from ml.vision.explain import ExplanationFolder


@dataclass(frozen=True)
class Row:
    """One face in one frame."""

    path: str
    time: float
    """Seconds from the start; 0 for an image."""
    track: int
    """The track id of the face, constant while it stays in view."""
    x: float
    """Left edge of the box, in pixels of the frame; ``y``, ``width`` and ``height`` likewise."""
    y: float
    width: float
    height: float
    score: float
    expression: str
    confidence: float
    views: int
    """Crops of the face that the prediction is averaged over."""
    quality: float
    """What the prediction is worth, 0 to 1."""
    probabilities: dict[str, float]


def rows(
    analyzer: FaceAnalyzer, paths: Iterable[Path], explanations: ExplanationFolder | None = None
) -> Iterator[Row]:
    """Every face of every frame, in order; each new prediction goes into ``explanations`` too.

    Files that cannot be read are reported on stderr and skipped; raises SourceError at the end.
    """
    read, failed = 0, 0
    for path in paths:
        analyzer.restart()
        try:
            with open_source(str(path)) as source:
                for frame in source:
                    for face in analyzer.analyze(frame).faces:
                        if explanations is not None and face.answered == frame.time:
                            explanations.add(path, frame, face)
                        yield _row(str(path), frame.time, face)
            read += 1
        except SourceError as error:
            print(error, file=sys.stderr, flush=True)
            failed += 1
    if failed:
        raise SourceError(f"{failed} of {read + failed} files could not be read.")


def _row(path: str, time: float, tracked: TrackedFace) -> Row:
    face = tracked.face
    assert tracked.expression is not None
    assert tracked.probabilities is not None
    assert tracked.quality is not None
    return Row(
        path,
        round(time, 3),
        tracked.track,
        x=round(face.x, 1),
        y=round(face.y, 1),
        width=round(face.width, 1),
        height=round(face.height, 1),
        score=round(face.score, 4),
        expression=tracked.expression.label,
        confidence=round(tracked.confidence, 4),
        views=tracked.views,
        quality=round(tracked.quality.value, 2),
        probabilities=dict(zip(LABELS, (round(p, 4) for p in tracked.probabilities), strict=True)),
    )


def write_json(found: Iterable[Row], out: TextIO) -> None:
    """JSON lines, one object per face."""
    for row in found:
        print(json.dumps(asdict(row)), file=out, flush=True)


def write_csv(found: Iterable[Row], out: TextIO) -> None:
    """A header, and one row per face."""
    names = ["path", "time", "track", "x", "y", "width", "height", "score"]
    writer = csv.DictWriter(
        out, [*names, "expression", "confidence", "views", "quality", *LABELS], lineterminator="\n"
    )
    writer.writeheader()
    for row in found:
        values = asdict(row)
        writer.writerow(values | values.pop("probabilities"))


def write_table(found: Iterable[Row], out: TextIO) -> None:
    """A table for the terminal: times in seconds, confidence and probabilities in percent."""
    heading = f"{'file':32} {'time':>8} {'face':>4} {'expression':10} {'conf.':>5}  "
    print(heading + " ".join(f"{label:>8}" for label in LABELS), file=out)
    for row in found:
        name = Path(row.path).name
        name = name if len(name) <= 32 else f"…{name[-31:]}"
        shares = " ".join(f"{value:8.0%}" for value in row.probabilities.values())
        print(
            f"{name:32} {row.time:8.2f} {row.track:4} {row.expression:10} {row.confidence:5.0%}  "
            + shares,
            file=out,
        )
