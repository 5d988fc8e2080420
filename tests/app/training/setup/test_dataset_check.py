"""The check's process: its progress, its end, and what goes wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.training.setup.dataset_panel import DatasetPanel
from tests.app.training.setup.checking import CHECKING, checked


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that tells some progress and never ends."""
    code = (
        "import sys, time; from ml.runs.events import Loading, to_line\n"
        "print(to_line(Loading(21, 50)), file=sys.stderr, flush=True); time.sleep(600)"
    )
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-c", code])


@pytest.mark.usefixtures("endless")
def test_progress_is_shown_and_the_check_can_be_cancelled(
    panel: DatasetPanel, qtbot: QtBot, folder: Path
) -> None:
    panel.choose(folder)
    qtbot.waitUntil(lambda: panel.sentence.text() == "Reading… 42 %", timeout=CHECKING)
    assert panel.bar.value() == 42
    panel.cancel.click()
    assert not children()
    assert not panel.bar.isVisible()
    assert "not checked" in panel.sentence.text()
    assert panel.again.isVisible()
    assert panel.check is None


@pytest.mark.usefixtures("endless")
def test_another_choice_replaces_the_check(
    panel: DatasetPanel,
    qtbot: QtBot,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel.choose(tmp_path / "first")
    qtbot.waitUntil(lambda: panel.bar.value() == 42, timeout=CHECKING)
    (first,) = children()
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-m", "ml"])
    checked(panel, qtbot, folder)
    assert not first.is_running()
    assert panel.path == folder
    assert panel.check is not None


@pytest.mark.usefixtures("endless")
def test_closing_ends_the_check(qtbot: QtBot, folder: Path) -> None:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    panel.choose(folder)
    qtbot.waitUntil(lambda: len(children()) == 1, timeout=CHECKING)
    assert panel.shut_down()
    assert not children()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('rubbish')", "unexpectedly"),
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "unexpectedly"),
        ("raise ImportError('no numpy here')", "no numpy here"),
        ("import sys; sys.stderr.buffer.write(bytes(range(256)) * 999)", "unexpectedly"),
    ],
)
def test_a_check_that_goes_wrong(
    panel: DatasetPanel,
    qtbot: QtBot,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    told: str,
) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-c", code])
    checked(panel, qtbot, folder)
    assert told in panel.problem.text()
    assert panel.check is None


def test_a_check_that_cannot_start(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [str(folder / "no program")])
    checked(panel, qtbot, folder)
    assert "could not be started" in panel.problem.text()
