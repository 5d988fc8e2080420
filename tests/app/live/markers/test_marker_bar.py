from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.markers import marker_bar
from app.live.markers.labels import MOST, Label, read_labels, write_labels
from app.live.markers.marker_bar import MarkerBar
from app.live.recording.plan import RecordingPlan
from app.live.recording.recording import Recording
from app.live.session import State
from app.live.tab import LiveTab
from app.live.timeline.timeline import Timeline
from app.settings import Settings
from ml.recording.marker import GAP, Marker
from tests.app.live.conftest import Publish, begin, end

_LETTERS = st.characters(exclude_categories=["Cs", "Cc"])


@pytest.fixture
def bar(live: Live, publish: Publish, qtbot: QtBot) -> MarkerBar:
    """While something is captured."""
    write_labels(live.settings, [Label("joke"), Label("task", interval=True), Label("")])
    bar = MarkerBar(live)
    begin(live)
    publish(0.0)
    publish(1.0)
    live.view.window().activateWindow()
    qtbot.waitUntil(live.view.window().isActiveWindow)
    return bar


def press(bar: QWidget, live: Live, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(live.view, key)


def test_it_is_there_while_something_is_captured(bar: MarkerBar, live: Live) -> None:
    assert bar.isVisible()
    end(live)
    assert not bar.isVisible()


def test_m_marks_at_once_and_the_note_is_typed_afterwards(
    bar: MarkerBar, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    live.view.setFocus()
    press(bar, live, qtbot, Qt.Key.Key_M)
    assert bar.note.isVisible()
    assert "0:01.0" in bar.caption.text()
    publish(3.0)
    qtbot.keyClicks(bar.note, "m1 2 R")  # no shortcuts while a note is typed
    qtbot.keyClick(bar.note, Qt.Key.Key_Return)
    assert live.markers.all == (Marker(1.0, None, "", "m1 2 R"),)
    assert not bar.note.isVisible()
    assert live.view.hasFocus()


def test_escape_and_silence_keep_the_marker_without_a_note(
    bar: MarkerBar,
    live: Live,
    publish: Publish,
    qtbot: QtBot,
) -> None:
    bar.mark()
    qtbot.keyClicks(bar.note, "nothing")
    qtbot.keyClick(bar.note, Qt.Key.Key_Escape)
    assert live.markers.all == (Marker(1.0, None),)
    publish(2.0)
    bar._waiting.setInterval(50)
    bar.mark()
    qtbot.keyClicks(bar.note, "half")
    qtbot.waitUntil(lambda: not bar.note.isVisible(), timeout=5000)
    assert live.markers.all[-1] == Marker(2.0, None, "", "half")
    assert marker_bar._NOTE_MS >= 10_000


def test_number_keys_put_labels_of_the_users_own(
    bar: MarkerBar, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    said: list[str] = []
    live.session.message.connect(lambda text, _: said.append(text))
    press(bar, live, qtbot, Qt.Key.Key_1)
    press(bar, live, qtbot, Qt.Key.Key_2)
    publish(2.5)
    bar._show_running()
    assert bar.keys[1].text() == "2 task ● 0:01"
    press(bar, live, qtbot, Qt.Key.Key_2)
    assert live.markers.all == (Marker(1.0, None, "joke"), Marker(1.0, 2.5, "task"))
    press(bar, live, qtbot, Qt.Key.Key_3)
    assert "key 3 has no label" in said[-1]
    assert [button.isVisible() for button in bar.keys] == [True, True] + [False] * 7


def test_a_note_is_kept_when_the_user_turns_elsewhere_in_the_window(
    bar: MarkerBar, live: Live, qtbot: QtBot
) -> None:
    bar.mark()
    qtbot.keyClicks(bar.note, "half")
    bar.note.clearFocus()
    assert live.markers.noted is None
    assert live.markers.all == (Marker(1.0, None, "", "half"),)
    assert not bar.note.isVisible()


def test_another_window_leaves_a_note_to_be_typed_on(
    bar: MarkerBar, live: Live, qtbot: QtBot
) -> None:
    bar.mark()
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not bar.note.hasFocus())
    assert live.markers.noted is not None
    assert bar.note.isVisible()


def test_a_key_held_down_is_one_press(bar: MarkerBar, live: Live) -> None:
    live.view.setFocus()
    for repeated in (False, True, True):
        press = QKeyEvent.Type.KeyPress, Qt.Key.Key_2, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(live.view, QKeyEvent(*press, "2", repeated))
    assert "task" in live.markers.running
    assert len(live.markers.all) == 1


def test_an_interval_ends_when_its_label_is_taken_away(bar: MarkerBar, live: Live) -> None:
    bar.press(2)
    bar.choose.click()
    assert bar.dialog is not None
    bar.dialog.rows[1][0].setText("rest")
    bar.dialog.accept()
    assert live.markers.running == {}, "no key would end it"
    assert live.markers.all == (Marker(1.0, 1.0, "task"),)
    bar.press(2)
    bar.choose.click()
    bar.dialog.accept()
    assert list(live.markers.running) == ["rest"]


@settings_of_hypothesis(max_examples=30)
@given(
    st.lists(
        st.builds(
            Label,
            st.sampled_from(["", "interval:", "moment:"]).flatmap(
                lambda before: st.text(_LETTERS, max_size=60).map(lambda text: before + text)
            ),
            st.booleans(),
        ),
        min_size=MOST,
        max_size=MOST,
    )
)
def test_labels_of_any_text_are_read_as_written(labels: list[Label]) -> None:
    with TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "settings.ini")
        write_labels(settings, labels)
        settings.save()
        assert read_labels(Settings(settings.path)) == labels


def test_nine_long_labels_fit_into_the_smallest_window(bar: MarkerBar, live: Live) -> None:
    write_labels(live.settings, [Label("Questions & answers of the day", True)] * MOST)
    bar._show_labels()
    live.view.window().resize(540, 500)
    QApplication.processEvents()
    assert live.view.window().width() == 540
    for button in bar.keys:
        assert button.isVisible()
        assert button.width() >= button.minimumSizeHint().width()
    assert bar.choose.geometry().right() < bar.width()


def test_labels_are_chosen_in_a_dialog_and_remembered(bar: MarkerBar, live: Live) -> None:
    bar.choose.click()
    assert bar.dialog is not None
    text, interval = bar.dialog.rows[2]
    text.setText("  Lächeln ")
    interval.setChecked(True)
    bar.dialog.rows[3][0].setText(GAP)
    bar.dialog.accept()
    labels = read_labels(live.settings)
    assert labels[2] == Label("Lächeln", interval=True)
    assert labels[3].text != GAP, "that is a lost source in recordings"
    assert "Lächeln" in bar.keys[2].text()
    bar.choose.click()
    bar.dialog.rows[2][0].setText("other")
    bar.dialog.reject()
    assert read_labels(live.settings) == labels


def test_markers_are_in_the_timeline(
    bar: MarkerBar, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    timeline = Timeline(live)
    bar.press(1)
    assert timeline.plot.markers == (Marker(1.0, None, "joke"),)


def test_markers_of_a_recording_are_in_its_file(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    tab.record_next(RecordingPlan(folder))
    tab.options.loop.setChecked(True)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=10_000)
    qtbot.waitUntil(lambda: tab.markers.now is not None, timeout=10_000)
    tab.markers.mark("joke")
    tab.markers.toggle("task")
    tab.markers.mark_to_note()
    qtbot.wait(300)
    recording = next(part for part in tab.consumers if isinstance(part, Recording))
    recording.toggle()
    qtbot.waitUntil(lambda: not recording.active, timeout=10_000)
    with (folder / "markers.csv").open(newline="") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"joke", "task", ""}
    assert rows["joke"]["until"] == ""
    assert float(rows["task"]["until"]) > float(rows["task"]["time"]) + 0.1, "ended with it"


def test_closing_the_window_keeps_what_still_runs(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    tab.record_next(RecordingPlan(folder))
    tab.options.loop.setChecked(True)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.markers.now is not None, timeout=10_000)
    tab.markers.toggle("task")
    tab.markers.mark_to_note()
    tab.markers.note("half")
    assert tab.shut_down()
    with (folder / "markers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["label"], row["note"]) for row in rows} == {("task", ""), ("", "half")}
