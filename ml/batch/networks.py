"""The two networks, asked by several threads at once: by each for another frame or face."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ml.batch.options import BatchOptions
from ml.files import file_digest
from ml.network.classifier import ExpressionClassifier
from ml.network.devices import choose_device
from ml.network.weights_files import load_weights
from ml.processor import processors
from ml.vision.analysis import Face, Quality
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from ml.vision.quality import quality
from ml.vision.sources.decoding import Image
from resources import bundled_weights


class Answer(NamedTuple):
    """What the network says of a face."""

    probabilities: tuple[float, ...]
    """For each Expression, in their order."""
    quality: Quality


class Networks:
    """Loaded once in a process, for files that are all analysed alike.

    A network with as many threads as there are cores answers one question soonest; as many
    questions at once, each with one thread, are answered in less time together.
    """

    def __init__(self, options: BatchOptions, threads: int = 0) -> None:
        """``threads`` are used at once; 0 uses as many as this process may.

        Raises WeightsError, ValueError for a device that is not here, OSError.
        """
        self.options = options
        self.threads = threads or processors()
        cv2.setNumThreads(1)  # each thread is busy with a frame of its own
        path = Path(options.weights) if options.weights else bundled_weights()
        self.weights = load_weights(path)
        self.weights_sha256 = file_digest(path)
        exact = options.exact
        self.classifier = ExpressionClassifier(
            self.weights, choose_device(options.device), exact=exact, threads=self.threads
        )
        self.detector = FaceDetector(options.analysis.detection, exact=exact, threads=self.threads)
        self.pool = ThreadPoolExecutor(self.threads, "networks")

    def answers(self, seen: Sequence[tuple[Image, Sequence[Face]]]) -> list[list[Answer]]:
        """Of the faces of each picture, in their order; all of them are asked for together."""
        views = self.options.views
        pictures = [face_pictures(image, face, views) for image, faces in seen for face in faces]
        if not pictures:
            return [[] for _ in seen]
        asked = np.concatenate(pictures)
        answered = iter(self.classifier.probabilities(asked, views).tolist())
        middles = iter(asked[views // 2 :: views])
        return [
            [
                Answer(
                    tuple(next(answered)),
                    quality(next(middles), face, (image.shape[1], image.shape[0])),
                )
                for face in faces
            ]
            for image, faces in seen
        ]
