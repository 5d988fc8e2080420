from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from ml.batch.frames import Analysed, analysed
from ml.batch.networks import Networks
from ml.network.classifier import ExpressionClassifier
from ml.vision.analysis import Analysis
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.detector import FaceDetector
from ml.vision.sources import open_source


def _one_after_the_other(networks: Networks, path: Path) -> list[Analysis]:
    classifier = ExpressionClassifier(networks.weights, "cpu", exact=True)
    options = networks.options
    analyzer = FaceAnalyzer(
        classifier, FaceDetector(exact=True), views=options.views, smoothing=options.smoothing
    )
    with open_source(str(path)) as source:
        return [analyzer.analyze(frame) for frame in source]


def _ahead(networks: Networks, path: Path) -> list[Analysed]:
    with open_source(str(path)) as source, closing(analysed(networks, source)) as found:
        return list(found)


def _assert_same(found: list[Analysed], expected: list[Analysis]) -> None:
    assert [frame.index for frame, _ in found] == [a.frame.index for a in expected]
    assert [[f.track for f in faces] for _, faces in found] == [
        [f.track for f in a.faces] for a in expected
    ]
    for (frame, faces), analysis in zip(found, expected, strict=True):
        for face, other in zip(faces, analysis.faces, strict=True):
            assert face.raw is not None
            assert face.probabilities is not None
            np.testing.assert_allclose(face.raw, other.raw, atol=1e-4)
            np.testing.assert_allclose(face.probabilities, other.probabilities, atol=1e-4)
            assert face.answered == other.answered == frame.time
            assert face.quality == other.quality
            assert face.views == other.views


def test_a_frame_has_what_it_has_one_after_the_other(exact: Networks, clip: Path) -> None:
    expected = _one_after_the_other(exact, clip)
    assert any(analysis.faces for analysis in expected)
    assert not all(analysis.faces for analysis in expected)
    _assert_same(_ahead(exact, clip), expected)


def test_smoothing_and_views_are_the_same(exact: Networks, clip: Path) -> None:
    from dataclasses import replace

    networks = Networks(replace(exact.options, smoothing=0.5, views=3), threads=2)
    try:
        _assert_same(_ahead(networks, clip), _one_after_the_other(networks, clip))
    finally:
        networks.pool.shutdown()


def test_not_all_need_be_taken(exact: Networks, clip: Path) -> None:
    with open_source(str(clip)) as source, closing(analysed(exact, source)) as found:
        assert next(found).frame.index == 0
