from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.files.gallery import gallery as gallery_module
from app.files.gallery.found_face import FoundFace
from app.files.gallery.gallery import Gallery
from app.files.gallery.model import PICTURE, Sorting
from app.recordings.tab import RecordingsTab
from app.settings import Settings
from ml.expressions import Expression
from ml.recording.corrections import Corrections, Excluded, write_corrections
from tests.app.files.gallery.made_results import Result, face, pictures_result, video_result

HAPPY, SAD, NEUTRAL = Expression.HAPPY, Expression.SAD, Expression.NEUTRAL


@pytest.fixture
def gallery(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gallery]:
    monkeypatch.setattr(gallery_module, "_GATHER_MS", 1)
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.resize(600, 500)
    gallery.show()
    yield gallery
    assert gallery.shut_down()


@pytest.fixture
def result(tmp_path: Path) -> Result:
    frames = [[face(1, HAPPY, 0.9)], [face(1, SAD, 0.6), face(2, NEUTRAL, 0.8)], []]
    return video_result(tmp_path / "v", frames)


def many(folder: Path, count: int, expression: Expression = HAPPY) -> Result:
    """Pictures of one face; the later, the less certain."""
    return pictures_result(
        folder, [[face(1, expression, 0.9 - 0.5 * n / count)] for n in range(count)]
    )


def wait_for(gallery: Gallery, qtbot: QtBot, count: int) -> list[FoundFace]:
    qtbot.waitUntil(
        lambda: gallery.model.rowCount() == count and not gallery._pending, timeout=30_000
    )
    return [gallery.model.face(row) for row in range(count)]


def click(gallery: Gallery, qtbot: QtBot, row: int) -> None:
    at = gallery.view.visualRect(gallery.model.index(row)).center()
    qtbot.mouseClick(gallery.view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_faces_are_shown_with_their_pictures(
    gallery: Gallery, qtbot: QtBot, result: Result, tmp_path: Path
) -> None:
    gallery.show_results([result, many(tmp_path / "p", 2)])
    wait_for(gallery, qtbot, 5)
    assert "Faces: 5 · results: 2" in gallery.told.accessibleName()
    qtbot.waitUntil(
        lambda: all(isinstance(gallery.model.index(row).data(PICTURE), QImage) for row in range(5))
    )
    chips = gallery.chips.chips
    assert chips[HAPPY].accessibleName() == "Happy: 3 faces"
    assert chips[Expression.FEAR].accessibleName() == "Fear: 0 faces"


def test_a_click_and_enter_open_the_moment(gallery: Gallery, qtbot: QtBot, result: Result) -> None:
    gallery.show_results([result])
    faces = wait_for(gallery, qtbot, 3)
    for row, one in enumerate(faces):
        with qtbot.waitSignal(gallery.open_requested) as asked:
            click(gallery, qtbot, row)
        assert asked.args == [result[1], one.time, one.person]
    with qtbot.waitSignal(gallery.open_requested) as asked:
        qtbot.keyClick(gallery.view, Qt.Key.Key_Left)
        qtbot.keyClick(gallery.view, Qt.Key.Key_Return)
    assert asked.args == [result[1], faces[1].time, faces[1].person]


def test_only_the_faces_in_view_are_read(gallery: Gallery, qtbot: QtBot, tmp_path: Path) -> None:
    gallery.show_results([many(tmp_path, 60)])
    wait_for(gallery, qtbot, 60)
    view, read = gallery.view, lambda row: gallery.model.index(row).data(PICTURE) is not None
    qtbot.waitUntil(lambda: all(map(read, view.rows_in_view)))
    assert 0 < len(view.rows_in_view) < 30
    assert not any(map(read, range(view.rows_in_view.stop, 60)))
    view.scrollToBottom()
    assert view.rows_in_view.stop == 60
    qtbot.waitUntil(lambda: all(map(read, view.rows_in_view)))


@pytest.mark.parametrize("width", [300, 600, 837])
def test_the_rows_in_view_are_those_that_are_seen(
    gallery: Gallery, qtbot: QtBot, tmp_path: Path, width: int
) -> None:
    gallery.resize(width, 500)
    gallery.show_results([many(tmp_path, 60)])
    wait_for(gallery, qtbot, 60)
    view = gallery.view
    for value in (0, 100, 167, 500, view.verticalScrollBar().maximum()):
        view.verticalScrollBar().setValue(value)
        seen = [
            row
            for row in range(60)
            if view.visualRect(gallery.model.index(row)).intersects(view.viewport().rect())
        ]
        columns = sum(view.visualRect(gallery.model.index(row)).y() == -value for row in range(60))
        assert set(seen) <= set(view.rows_in_view)
        assert len(view.rows_in_view) - len(seen) <= columns, "no more than those of a row"


@pytest.mark.parametrize("value", [200, 700, 10_000])
def test_the_place_is_kept_when_others_come(
    gallery: Gallery, qtbot: QtBot, tmp_path: Path, value: int
) -> None:
    results = [many(tmp_path / "0", 60)]
    gallery.show_results(results)
    wait_for(gallery, qtbot, 60)
    view, model = gallery.view, gallery.model
    clicked = value == 700
    if clicked:
        click(gallery, qtbot, 1)
    view.verticalScrollBar().setValue(value)
    reading, place = model.origin(view.rows_in_view[0])
    y = view.visualRect(model.index(view.rows_in_view[0])).y()
    for more in range(1, 5):  # one after the other, in different numbers before and after
        expression = Expression.FEAR if more % 2 else HAPPY
        results.append(many(tmp_path / str(more), 5 + more, expression))
        gallery.show_results(results)
        wait_for(gallery, qtbot, sum(len(item.files) for item, _ in results))
        row = model.row(reading, place)
        assert row is not None
        assert view.visualRect(model.index(row)).y() == y
        if clicked:
            assert model.origin(view.currentIndex().row()) == (reading, 1)


def test_the_place_is_kept_when_expressions_are_hidden(
    gallery: Gallery, qtbot: QtBot, tmp_path: Path
) -> None:
    gallery.show_results([many(tmp_path / "1", 30, Expression.FEAR), many(tmp_path / "2", 40)])
    wait_for(gallery, qtbot, 70)
    view, model = gallery.view, gallery.model
    view.scrollTo(model.index(45), view.ScrollHint.PositionAtTop)
    reading, place = model.origin(view.rows_in_view[0])
    y = view.visualRect(model.index(view.rows_in_view[0])).y()
    gallery.chips.chips[Expression.FEAR].click()
    row = model.row(reading, place)
    assert row is not None
    assert view.visualRect(model.index(row)).y() == y


def test_at_the_top_it_stays_at_the_top(gallery: Gallery, qtbot: QtBot, tmp_path: Path) -> None:
    first = many(tmp_path / "1", 40)
    gallery.show_results([first])
    wait_for(gallery, qtbot, 40)
    gallery.show_results([first, many(tmp_path / "2", 40, Expression.ANGRY)])
    wait_for(gallery, qtbot, 80)
    assert gallery.view.verticalScrollBar().value() == 0


def test_nothing_moves_when_the_same_is_shown_again(
    gallery: Gallery, qtbot: QtBot, result: Result
) -> None:
    gallery.show_results([result])
    wait_for(gallery, qtbot, 3)
    with qtbot.assertNotEmitted(gallery.model.modelReset, wait=100):
        gallery.show_results([result])
        gallery.hide()
        gallery.show()


def test_expressions_are_hidden_and_shown(gallery: Gallery, qtbot: QtBot, result: Result) -> None:
    gallery.show_results([result])
    wait_for(gallery, qtbot, 3)
    chips = gallery.chips.chips
    chips[HAPPY].click()
    assert gallery.model.rowCount() == 2
    assert "2 of 3 faces" in gallery.told.accessibleName()
    qtbot.mouseDClick(chips[SAD], Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert [e for e in Expression if chips[e].isChecked()] == [SAD]
    assert gallery.model.face(0).expression is SAD
    chips[SAD].click()
    assert gallery.nothing.isVisible()
    assert "check an expression" in gallery.nothing.text()


def test_it_is_sorted_as_chosen(gallery: Gallery, qtbot: QtBot, tmp_path: Path) -> None:
    gallery.show_results([many(tmp_path, 60)])
    wait_for(gallery, qtbot, 60)
    gallery.view.scrollToBottom()
    gallery.sorting.setCurrentIndex(gallery.sorting.findData(Sorting.DOUBT))
    assert gallery.view.verticalScrollBar().value() == 0
    assert gallery.model.face(0).time == 59


def test_what_cannot_be_read_is_told_in_one_line(
    gallery: Gallery, qtbot: QtBot, result: Result, tmp_path: Path
) -> None:
    damaged = many(tmp_path / "damaged", 2)
    (damaged[1] / "recording.json").write_text("{")
    gone = (damaged[0], tmp_path / "gone")
    gallery.show_results([damaged, result, gone])
    wait_for(gallery, qtbot, 3)
    qtbot.waitUntil(lambda: len(gallery._failed) == 2)
    qtbot.waitUntil(gallery.problem.isVisible)
    assert "recording.json is damaged" in gallery.problem.accessibleName()
    assert gallery.problem.accessibleName().endswith("And 1 more.")
    gallery.show_results([result])
    assert not gallery.problem.isVisible()


def test_corrections_are_seen_when_it_is_shown_again(
    gallery: Gallery, qtbot: QtBot, result: Result
) -> None:
    gallery.show_results([result])
    wait_for(gallery, qtbot, 3)
    gallery.hide()
    write_corrections(result[1], Corrections(excluded=(Excluded(0.0, 0.03, None),)))
    gallery.show()
    assert {one.expression for one in wait_for(gallery, qtbot, 2)} == {SAD, NEUTRAL}


def test_files_that_are_back_are_seen_when_it_is_shown_again(
    gallery: Gallery, qtbot: QtBot, result: Result, tmp_path: Path
) -> None:
    file = result[0].files[0]
    file.rename(tmp_path / "away")
    gallery.show_results([result])
    wait_for(gallery, qtbot, 3)
    qtbot.waitUntil(lambda: isinstance(gallery.model.index(0).data(PICTURE), str))
    gallery.hide()
    (tmp_path / "away").rename(file)
    gallery.show()
    qtbot.waitUntil(lambda: isinstance(gallery.model.index(0).data(PICTURE), QImage))


def test_results_that_are_removed_go(gallery: Gallery, qtbot: QtBot, result: Result) -> None:
    gallery.show_results([result])
    wait_for(gallery, qtbot, 3)
    gallery.show_results([])
    assert gallery.model.rowCount() == 0
    assert gallery.nothing.isVisible()


def test_nothing_is_read_until_it_is_shown(gallery: Gallery, qtbot: QtBot, result: Result) -> None:
    gallery.hide()
    gallery.show_results([result])
    assert not gallery._pending
    gallery.show()
    wait_for(gallery, qtbot, 3)


def test_a_result_without_faces(gallery: Gallery, qtbot: QtBot, tmp_path: Path) -> None:
    gallery.show_results([video_result(tmp_path, [[], []])])
    qtbot.waitUntil(lambda: gallery.nothing.text() == "No faces were found.")


def test_it_ends_while_it_reads(qtbot: QtBot, tmp_path: Path) -> None:
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.show()
    gallery.show_results([many(tmp_path / str(n), 10) for n in range(5)])
    assert gallery.shut_down()


def test_the_moment_is_opened_in_the_recordings_tab(
    gallery: Gallery, qtbot: QtBot, tmp_path: Path, result: Result
) -> None:
    tab = RecordingsTab(Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(tab)
    tab.show()
    gallery.open_requested.connect(tab.open)
    gallery.show_results([result])
    faces = wait_for(gallery, qtbot, 3)
    row = next(n for n, one in enumerate(faces) if one.person == 2)
    click(gallery, qtbot, row)
    viewer = tab.viewer
    qtbot.waitUntil(viewer.body.isEnabled, timeout=30_000)
    assert viewer.shown.person == 2
    assert viewer.clock.time == pytest.approx(0.04)
    assert [mark.track for mark in viewer.stage.marks if mark.chosen] == [2]
    assert tab.shut_down()
