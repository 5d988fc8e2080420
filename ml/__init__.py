"""Detection, training and evaluation without Qt: use ``python -m ml``, or import these names.

The names below are stable across versions; everything else may change. Faces and expressions of a
video, with the bundled weights:

    from ml import Expression, FaceAnalyzer, open_source

    analyzer = FaceAnalyzer.load()
    with open_source("clip.avi") as source:
        for frame in source:
            for face in analyzer.analyze(frame).faces:
                if face.probabilities is not None:
                    happy = face.probabilities[Expression.HAPPY]
                    print(f"{frame.time:.2f} s, face {face.track}: happy {happy:.2f}")

An image that is already an array, BGR uint8 [height, width, 3], becomes ``Frame(array, 0, 0.0)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ml.expressions import EXPRESSIONS, Expression
    from ml.network.weights import Weights, WeightsError
    from ml.network.weights_files import load_weights
    from ml.vision.analysis import Analysis, DetectionOptions, Face, Frame, TrackedFace
    from ml.vision.analyzer import FaceAnalyzer
    from ml.vision.sources import Source, SourceError, list_cameras, open_source

__all__ = [
    "EXPRESSIONS",
    "Analysis",
    "DetectionOptions",
    "Expression",
    "Face",
    "FaceAnalyzer",
    "Frame",
    "Source",
    "SourceError",
    "TrackedFace",
    "Weights",
    "WeightsError",
    "list_cameras",
    "load_weights",
    "open_source",
]

_ROOMS: Final = {
    "ml.expressions": ("EXPRESSIONS", "Expression"),
    "ml.network.weights": ("Weights", "WeightsError"),
    "ml.network.weights_files": ("load_weights",),
    "ml.vision.analysis": ("Analysis", "DetectionOptions", "Face", "Frame", "TrackedFace"),
    "ml.vision.analyzer": ("FaceAnalyzer",),
    "ml.vision.sources": ("Source", "SourceError", "list_cameras", "open_source"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import on first use, so that the window and the command line start without torch."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(room), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
