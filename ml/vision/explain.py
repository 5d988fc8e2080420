"""``python -m ml predict --explain``: a folder of faces, and where each expression was seen."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import cv2

from ml.files import replacing
from ml.network.explanation import Explainer
from ml.network.weights_files import load_weights
from ml.vision.analysis import Frame, TrackedFace
from ml.vision.face_crop import face_pictures
from ml.vision.overlay import side_by_side
from resources import bundled_weights


class ExplanationError(ValueError):
    """Explanations that cannot be written; the message says where, why, and what to do."""


class ExplanationFolder:
    """Writes each prediction's explanation as a PNG: the face, and again under its explanation."""

    def __init__(self, folder: Path, weights: Path | None = None) -> None:
        """Explains the bundled weights, or those in the file ``weights``.

        Creates ``folder``. Raises ExplanationError if there is something in it, or it cannot be
        written to; WeightsError.
        """
        loaded = load_weights(weights or bundled_weights())
        _prepare(folder)
        self._folder = folder
        self._explainer = Explainer(loaded)
        self._names: dict[Path, str] = {}
        """What the file names start with, by source."""

    def add(self, path: Path, frame: Frame, tracked: TrackedFace) -> None:
        """Explain a prediction made on ``frame`` of the source ``path``.

        The picture is the middle view, whatever the number of views that the prediction averaged.
        Raises ExplanationError if the file cannot be written.
        """
        assert tracked.expression is not None
        pictures = face_pictures(frame.image, tracked.face)
        explanations = self._explainer.explain(pictures, [tracked.expression])
        _, png = cv2.imencode(".png", side_by_side(pictures[0], explanations[0]))
        name = f"{self._name(path)}-{frame.time:09.3f}s-face{tracked.track}"
        file = self._folder / f"{name}-{tracked.expression.label}.png"
        try:
            with replacing(file) as stream:
                stream.write(png.tobytes())
        except OSError as error:
            raise ExplanationError(
                f"{file} could not be written: {error.strerror or error}."
            ) from error

    def _name(self, path: Path) -> str:
        """The source's name without its ending, numbered if another source has the same."""
        if path not in self._names:
            stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", path.stem)  # Windows takes none of these
            name, number = stem, 1
            # Without regard to case, as file names are on Windows and macOS.
            while name.lower() in map(str.lower, self._names.values()):
                number += 1
                name = f"{stem}-{number}"
            self._names[path] = name
        return self._names[path]


def _prepare(folder: Path) -> None:
    """Create ``folder``, which must be empty, and see that it can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ExplanationError(
                f"The folder {folder} is not empty. Choose another one for the explanations, so "
                "that none is replaced (--explain)."
            )
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise ExplanationError(f"{folder} is a file. Choose a folder (--explain).") from None
    except OSError as error:
        raise ExplanationError(
            f"The folder {folder} cannot be written to: {error.strerror or error}. Choose another "
            "one for the explanations (--explain)."
        ) from error
