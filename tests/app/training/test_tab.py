"""The training tab with real child processes, as a user clicks through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QSpinBox
from pytestqt.qtbot import QtBot

from app.settings import TRAINING_DATA, Settings
from app.training import tab as tab_module
from app.training.session import State
from app.training.tab import TrainingTab
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, summarise_run
from resources import bundled_weights
from tests.app.conftest import TINY

_LONG = 90_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def tab(
    qtbot: QtBot, settings: Settings, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TrainingTab]:
    # A network so small that an epoch takes no time; the rest of the way is the real one.
    monkeypatch.setattr(TrainingTab, "_options", lambda self: [*self.setup.options(), *TINY[2:]])
    tab = TrainingTab(settings, runs)
    qtbot.addWidget(tab)
    tab.resize(1000, 620)
    tab.show()
    yield tab
    assert tab.shut_down()


def choose(tab: TrainingTab, qtbot: QtBot, data: Path, epochs: int) -> None:
    tab.data.choose(data)
    qtbot.waitUntil(lambda: tab.data.check is not None, timeout=_LONG)
    tab.setup.choose_preset("quick")
    field = tab.setup.fields["epochs"]
    assert isinstance(field, QSpinBox)
    field.setValue(epochs)


def begin_long_run(tab: TrainingTab, qtbot: QtBot, data: Path, name: str = "") -> None:
    """Start one that would go on for minutes, and see its first epoch."""
    choose(tab, qtbot, data, epochs=5000)
    tab.setup.name.setText(name)
    tab.button.click()
    qtbot.waitUntil(lambda: tab.epochs.model().rowCount() > 0, timeout=_LONG)


def test_from_data_to_the_weights_in_use(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, runs: Path, settings: Settings
) -> None:
    assert not tab.button.isEnabled()
    choose(tab, qtbot, tiny_data, epochs=3)
    assert settings.get(TRAINING_DATA) == str(tiny_data)
    tab.setup.name.setText("my first")
    tab.button.click()
    assert tab.button.text() == "Stop"
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=_LONG)
    assert tab.progress.title.text() == "Finished", tab.message.text()
    assert tab.epochs.model().rowCount() == 3
    assert summarise_run(RunFolder(runs / "my first")).state is RunState.FINISHED
    assert tab.pages.currentWidget() is tab.result
    qtbot.waitUntil(lambda: tab.result.view.scores is not None, timeout=_LONG)
    with qtbot.waitSignal(tab.use_in_live) as handed:
        tab.result.live.click()
    assert handed.args == [runs / "my first" / "best.safetensors"]


def test_stop_restart_the_program_and_resume(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, runs: Path, settings: Settings
) -> None:
    choose(tab, qtbot, tiny_data, epochs=500)
    tab.setup.name.setText("long")
    tab.button.click()
    qtbot.waitUntil(lambda: tab.epochs.model().rowCount() > 1, timeout=_LONG)
    tab.button.click()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=_LONG)
    assert "Resume" in tab.progress.title.text()
    done = tab.epochs.model().rowCount()

    again = TrainingTab(settings, runs)
    qtbot.addWidget(again)
    again.show()
    assert again.data.path == tiny_data
    again._resume(runs / "long")
    qtbot.waitUntil(lambda: again.epochs.model().rowCount() > done, timeout=_LONG)
    first = again.epochs.model().index(0, 0).data()
    assert "1" in str(first)
    assert again.shut_down()
    assert summarise_run(RunFolder(runs / "long")).state is RunState.STOPPED


def test_a_run_that_goes_on_is_found_and_shown_again(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, runs: Path, settings: Settings
) -> None:
    begin_long_run(tab, qtbot, tiny_data, "background")
    assert tab.session.go_on_without_window()
    qtbot.waitUntil(lambda: RunFolder(runs / "background").is_running(), timeout=_LONG)

    again = TrainingTab(settings, runs)
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.session.state is State.FOLLOWING, timeout=_LONG)
    qtbot.waitUntil(lambda: again.epochs.model().rowCount() > 0, timeout=_LONG)
    assert again.button.text() == "Stop"
    again.button.click()
    qtbot.waitUntil(lambda: again.session.state is State.IDLE, timeout=_LONG)
    assert not RunFolder(runs / "background").is_running()
    assert again.shut_down()


@pytest.mark.parametrize(
    ("answer", "closes"),
    [("Stop and save", True), ("Keep the window open", False)],
    ids=["stop", "stay"],
)
def test_closing_asks_what_becomes_of_the_run(
    tab: TrainingTab,
    qtbot: QtBot,
    tiny_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    closes: bool,
) -> None:
    assert tab.may_close()  # nothing goes on yet
    begin_long_run(tab, qtbot, tiny_data)
    asked: list[str] = []

    def press(box: QMessageBox) -> int:
        asked.append(box.text())
        button = next(b for b in box.buttons() if b.text() == answer)
        monkeypatch.setattr(QMessageBox, "clickedButton", lambda _: button)
        return 0

    monkeypatch.setattr(tab_module.QMessageBox, "exec", press)
    assert tab.may_close() is closes
    assert asked == ["A training run is in progress."]
    assert tab.session.active


def test_what_hinders_a_start_is_told_and_nothing_is_lost(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, runs: Path
) -> None:
    choose(tab, qtbot, tiny_data, epochs=1)
    (runs / "taken").mkdir(parents=True)
    (runs / "taken" / "mine.txt").write_text("precious")
    tab.setup.name.setText("taken")
    tab.button.click()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=_LONG)
    assert "taken" in tab.message.text()
    assert (runs / "taken" / "mine.txt").read_text() == "precious"
    tab.setup.name.setText("../outside")
    tab.button.click()
    assert "not a valid run name" in tab.message.text()
    assert tab.session.state is State.IDLE


def test_data_that_move_away_are_told(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.csv"
    moved.write_bytes(tiny_data.read_bytes())
    choose(tab, qtbot, moved, epochs=1)
    moved.unlink()
    tab.button.click()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=_LONG)
    assert "moved.csv" in tab.message.text()


def test_a_run_that_is_heard_again_is_no_longer_said_to_be_silent(tab: TrainingTab) -> None:
    tab.session.silent.emit(True)
    assert "has not responded" in tab.message.text()
    assert not tab.kill.isHidden()
    tab.session.silent.emit(False)
    assert tab.message.isHidden()
    assert tab.kill.isHidden()
    tab.show_message("Something else.")
    tab.session.silent.emit(False)
    assert tab.message.text() == "Something else."


def test_weights_are_not_measured_on_data_of_before(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, tmp_path: Path
) -> None:
    choose(tab, qtbot, tiny_data, epochs=1)
    with qtbot.waitSignal(tab.data.refused, timeout=_LONG):
        tab.data.choose(tmp_path / "nowhere.csv")
    tab.result.measure(bundled_weights())
    assert "Choose a data set first" in tab.message.text()
    assert not tab.result.process.running


def test_an_evaluation_keeps_its_name_whatever_is_opened_meanwhile(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, tmp_path: Path
) -> None:
    choose(tab, qtbot, tiny_data, epochs=1)
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(bundled_weights().read_bytes())
    tab.result.measure(mine)
    tab.result.show_run(tmp_path / "another run")
    assert tab.result.title.text() == "another run"
    assert not tab.result.cancel.isHidden()
    assert tab.result.evaluate.isHidden()
    qtbot.waitUntil(lambda: tab.result.view.scores is not None, timeout=_LONG)
    assert tab.result.title.text() == "mine.safetensors"
    assert tab.result.cancel.isHidden()
    with qtbot.waitSignal(tab.use_in_live) as handed:
        tab.result.live.click()
    assert handed.args == [mine]


def test_data_that_are_refused_start_nothing_later(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, tmp_path: Path
) -> None:
    """What is chosen after ``--train nowhere.csv`` waits for the button."""
    with qtbot.waitSignal(tab.data.refused, timeout=_LONG):
        tab.train_on(tmp_path / "nowhere.csv")
    choose(tab, qtbot, tiny_data, epochs=1)
    assert tab.session.state is State.IDLE


def test_training_on_data_leaves_another_windows_run_alone(
    tab: TrainingTab, qtbot: QtBot, tiny_data: Path, runs: Path, settings: Settings
) -> None:
    begin_long_run(tab, qtbot, tiny_data, "of the first window")

    second = TrainingTab(settings, runs)
    qtbot.addWidget(second)
    second.show()
    second.train_on(tiny_data, epochs=1)
    qtbot.waitUntil(lambda: second.progress.title.text() == "Finished", timeout=_LONG)

    assert tab.session.state is State.TRAINING
    assert RunFolder(runs / "of the first window").is_running()
    assert second.shut_down()
