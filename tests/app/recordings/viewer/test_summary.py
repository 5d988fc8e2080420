from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.recordings.tab import RecordingsTab
from ml.recording.marker import Marker
from tests.app.recordings.conftest import Record
from tests.app.recordings.viewer.steps import choose, opened


def test_the_summary_of_an_interval(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.panel.setCurrentWidget(viewer.summary)
    viewer.shown.choose(1)
    part = viewer.summary.part
    choose(part, part.count() - 1)
    assert "task" in part.currentText()
    summary = viewer.summary.table.summary
    assert summary is not None
    assert summary.shares[3] == pytest.approx(1.0), "happy from 1 to 2 s"
    assert summary.seconds == pytest.approx(1.0, abs=0.11)


def test_the_summary_of_the_time_between_two_markers(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.shown.choose(1)
    viewer.panel.setCurrentWidget(viewer.summary)
    summary = viewer.summary

    def seconds() -> float:
        assert summary.table.summary is not None
        return summary.table.summary.seconds

    assert not summary.since.isVisible()
    choose(summary.part, 2)
    assert summary.since.isVisible()
    assert seconds() == pytest.approx(4.0), "from the beginning to the end"
    choose(summary.since, 1)
    choose(summary.until, 1)
    assert "start" in summary.since.currentText()
    assert "task" in summary.until.currentText()
    assert seconds() == pytest.approx(0.5)
    choose(summary.until, 2)
    assert seconds() == pytest.approx(3.5)
    viewer.edits.edit(markers=(Marker(1.0, None, "other"),))
    qtbot.waitUntil(lambda: summary.since.currentText() == "Beginning")
    assert seconds() == pytest.approx(4.0), "the markers that were chosen are no more"


def test_the_summary_follows_what_the_timeline_shows(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.shown.choose(1)
    viewer.panel.setCurrentWidget(viewer.summary)
    choose(viewer.summary.part, 1)
    whole = viewer.summary.table.summary
    viewer.clock.go_to(3.0)
    assert viewer.summary.table.summary is whole, "nothing else is shown"
    viewer.course.plot.set_span(1.0)
    viewer.course.plot.scroll_to(1.5)
    summary = viewer.summary.table.summary
    assert summary is not None
    assert summary.seconds == pytest.approx(1.0, abs=0.11)
