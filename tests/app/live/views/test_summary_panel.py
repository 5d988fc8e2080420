from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.views.face_panel import FacePanel
from app.live.views.summary_panel import SummaryPanel
from ml.expressions import Expression
from tests.app.live.conftest import Publish, begin, end
from tests.ml.people.faces import person, worth


@pytest.fixture
def panel(live: Live) -> SummaryPanel:
    FacePanel(live)
    panel = SummaryPanel(live)
    begin(live)
    return panel


def test_it_comes_when_the_clip_has_ended(
    panel: SummaryPanel, live: Live, publish: Publish
) -> None:
    for n in range(30):
        publish(n / 10, person(1, Expression.HAPPY if n < 20 else Expression.SAD))
    assert not panel.isVisible()
    end(live)
    assert panel.isVisible()
    assert panel.person.currentText() == "Person 1, 3 s"
    summary = panel.table.summary
    assert summary is not None
    assert summary.shares[Expression.HAPPY] == pytest.approx(2 / 3, abs=0.02)
    assert summary.episodes[Expression.SAD] == 1
    assert "happy: 67% of the time" in panel.table.accessibleDescription()
    begin(live)
    assert not panel.isVisible()


def test_without_anybody_the_face_stays(panel: SummaryPanel, live: Live, publish: Publish) -> None:
    publish(0.0)
    end(live)
    assert not panel.isVisible()
    live.panel.setCurrentWidget(panel)
    assert panel.caption.text() == "Nobody was seen yet."


def test_another_person_is_chosen_here(panel: SummaryPanel, live: Live, publish: Publish) -> None:
    for n in range(30):
        publish(n / 10, person(1), person(2, Expression.FEAR, x=100))
    end(live)
    panel.person.setCurrentIndex(1)
    panel.person.activated.emit(1)
    assert live.choice.track == 2
    assert panel.table.summary is not None
    assert panel.table.summary.shares[Expression.FEAR] == pytest.approx(1)
    live.people.rename(2, "Ben")
    assert panel.person.currentText().startswith("Ben")


def test_who_was_seen_for_an_instant_is_not_listed(
    panel: SummaryPanel, live: Live, publish: Publish
) -> None:
    for n in range(30):
        faces = [person(1), person(2, x=100)] if n == 3 else [person(1)]
        publish(n / 10, *faces)
    end(live)
    assert panel.person.count() == 1


def test_low_quality_is_left_out_if_the_user_says_so(
    panel: SummaryPanel, live: Live, publish: Publish
) -> None:
    poor = person(1, Expression.SAD, quality=worth(0.3))
    for n in range(30):
        publish(n / 10, poor if n >= 20 else person(1))
    end(live)
    assert panel.table.summary is not None
    assert panel.table.summary.shares[Expression.SAD] > 0.2
    live.options.leave_out.setChecked(True)
    assert panel.table.summary is not None
    assert panel.table.summary.shares[Expression.SAD] == 0
    assert "low quality left out" in panel.caption.text()


def test_it_is_up_to_date_when_it_is_shown_again(
    panel: SummaryPanel, live: Live, publish: Publish
) -> None:
    """A clip that ended while another tab was in front."""
    live.panel.setCurrentWidget(panel)
    live.panel.hide()
    for n in range(30):
        publish(n / 10, person(1))
    end(live)
    live.panel.show()
    assert panel.person.count() == 1
    assert panel.table.summary is not None


def test_all_of_low_quality_is_not_nobody(
    panel: SummaryPanel, live: Live, publish: Publish
) -> None:
    live.options.leave_out.setChecked(True)
    for n in range(30):
        publish(n / 10, person(1, quality=worth(0.3)))
    end(live)
    assert "low quality" in panel.caption.text()


def test_an_open_list_is_left_alone(
    panel: SummaryPanel, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    live.panel.setCurrentWidget(panel)
    for n in range(30):
        publish(n / 10, person(1), person(2, x=100))
    live.people.changed.emit()
    panel.person.showPopup()
    panel.person.view().setCurrentIndex(panel.person.model().index(1, 0))
    live.people.changed.emit()
    assert panel.person.view().currentIndex().row() == 1
    panel.person.hidePopup()
