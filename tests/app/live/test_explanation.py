from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pytestqt.qtbot import QtBot

from app.live.analysis_worker import NetworkInUse, NetworkRequest
from app.live.consumer_base import Live
from app.live.explanation import Explanation
from app.live.views.overlay import Overlay
from ml.vision.analysis import Analysis, Frame
from ml.vision.analyzer import FaceAnalyzer
from resources import bundled_weights
from tests.app.live.conftest import begin, end

_LOADING = 60_000


@pytest.fixture(scope="module")
def analysis(portrait: npt.NDArray[np.uint8]) -> Analysis:
    return FaceAnalyzer.load(exact=True).analyze(Frame(portrait, 0, 0.0))


def use(live: Live, weights: Path) -> None:
    network = NetworkInUse(
        NetworkRequest(weights, "cpu"), "cpu", "OpenVINO", "OpenVINO", (), {}, ""
    )
    live.session.network = network
    live.session.network_ready.emit(network)


@pytest.fixture
def explanation(live: Live) -> Iterator[Explanation]:
    explanation = Explanation(live)
    use(live, bundled_weights())
    begin(live)
    yield explanation
    assert explanation.shut_down()


def shown(live: Live) -> Overlay | None:
    return live.view.overlay


def test_the_face_looked_at_is_explained_while_it_is_checked(
    explanation: Explanation, live: Live, analysis: Analysis, qtbot: QtBot
) -> None:
    live.session.stream.publish(analysis)
    assert shown(live) is None
    live.options.explain.setChecked(True)
    qtbot.waitUntil(lambda: shown(live) is not None, timeout=_LOADING)
    overlay = shown(live)
    assert overlay is not None
    assert overlay.track == analysis.faces[0].track
    assert overlay.side_per_height == pytest.approx(1.06)
    alphas = {overlay.image.pixelColor(x, y).alpha() for x in range(48) for y in range(48)}
    assert 0 in alphas
    assert max(alphas) > 100
    assert " ms)" in live.options.explain.text()

    live.view.show_analysis(analysis)
    covered = live.view.grab().toImage()
    live.options.explain.setChecked(False)
    assert shown(live) is None
    assert live.options.explain.text() == "Explain"
    assert live.view.grab().toImage() != covered


def test_each_new_prediction_is_explained_but_not_held_ones(
    explanation: Explanation, live: Live, analysis: Analysis, qtbot: QtBot
) -> None:
    live.options.explain.setChecked(True)
    live.session.stream.publish(analysis)
    qtbot.waitUntil(lambda: shown(live) is not None, timeout=_LOADING)
    first = shown(live)
    live.session.stream.publish(replace(analysis, frame=replace(analysis.frame, time=0.5)))
    qtbot.wait(200)
    assert shown(live) is first
    (face,) = analysis.faces
    fresh = replace(face, answered=1.0)
    frame = replace(analysis.frame, time=1.0)
    live.session.stream.publish(replace(analysis, frame=frame, faces=(fresh,)))
    qtbot.waitUntil(lambda: shown(live) is not first)


def test_weights_that_are_gone_are_told_of(
    explanation: Explanation, live: Live, analysis: Analysis, qtbot: QtBot, tmp_path: Path
) -> None:
    use(live, tmp_path / "gone.safetensors")
    live.session.stream.publish(analysis)
    with qtbot.waitSignal(live.session.message, timeout=_LOADING) as told:
        live.options.explain.setChecked(True)
    assert told.args is not None
    assert "gone.safetensors" in told.args[0]
    assert not live.options.explain.isChecked()


def test_closing_while_it_explains_leaves_nothing_behind(
    explanation: Explanation, live: Live, analysis: Analysis
) -> None:
    live.options.explain.setChecked(True)
    live.session.stream.publish(analysis)


def test_another_capture_does_not_show_the_last_ones_explanation(
    explanation: Explanation, live: Live, analysis: Analysis, qtbot: QtBot
) -> None:
    live.options.explain.setChecked(True)
    live.session.stream.publish(analysis)
    end(live)
    begin(live)
    (face,) = analysis.faces
    held = replace(face, answered=-1.0)  # not seen by the network in this frame
    live.session.stream.publish(replace(analysis, faces=(held,)))
    qtbot.waitUntil(lambda: not explanation._busy, timeout=_LOADING)
    qtbot.wait(200)
    assert shown(live) is None


def test_weights_that_were_trained_anew_in_the_same_file_are_explained(
    explanation: Explanation, live: Live, analysis: Analysis, qtbot: QtBot
) -> None:
    live.options.explain.setChecked(True)
    live.session.stream.publish(analysis)
    qtbot.waitUntil(lambda: shown(live) is not None, timeout=_LOADING)
    before = shown(live)
    explainer = explanation._worker._explainer
    use(live, bundled_weights())
    qtbot.waitUntil(lambda: shown(live) is not before, timeout=_LOADING)
    assert explanation._worker._explainer is not explainer


def test_whatever_fails_is_told_and_it_can_be_tried_again(
    explanation: Explanation,
    live: Live,
    analysis: Analysis,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ImportError("libtorch.so was not found")

    with monkeypatch.context() as broken:
        broken.setattr("ml.network.explanation.Explainer", fail)
        live.session.stream.publish(analysis)
        with qtbot.waitSignal(live.session.message, timeout=_LOADING) as told:
            live.options.explain.setChecked(True)
    assert told.args is not None
    assert "libtorch.so was not found" in told.args[0]
    live.options.explain.setChecked(True)
    qtbot.waitUntil(lambda: shown(live) is not None, timeout=_LOADING)
