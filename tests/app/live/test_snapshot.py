from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.snapshot import Snapshot
from app.live.timeline.timeline import Timeline
from app.live.views.face_panel import FacePanel
from app.live.views.picture import Picture
from app.settings import RECORDINGS_FOLDER
from ml.expressions import Expression
from tests.app.live.conftest import Publish, begin
from tests.ml.people.faces import person


@pytest.fixture
def snapshot(live: Live, publish: Publish, tmp_path: Path) -> Snapshot:
    """Of a person who was seen for two seconds."""
    live.settings.set(RECORDINGS_FOLDER, str(tmp_path / "recordings"))
    for consumer in (Picture, FacePanel, Timeline):
        consumer(live)
    snapshot = Snapshot(live)
    begin(live)
    for n in range(21):
        publish(n / 10, person(1, Expression.HAPPY if n < 10 else Expression.SAD, x=30))
    return snapshot


def take(snapshot: Snapshot, text: str) -> None:
    next(action for _, action in snapshot.actions if action.text() == text).trigger()


def saved(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    path: Path | None,
    kind: str = "Picture (*.png)",
) -> str:
    """Answers the question for a file; returns what is said in the end."""
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(path) if path else "", kind)
    )
    with qtbot.waitSignal(live.session.message, timeout=10_000) as said:
        take(snapshot, text)
    return str(said.args[0])


def test_the_picture_is_saved_as_shown(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "new" / "me.png"
    assert "Saved as" in saved(snapshot, live, qtbot, monkeypatch, "Save picture…", path)
    image = QImage(str(path))
    area = live.view.picture_area()
    assert (image.width(), image.height()) == (2 * area.width(), 2 * area.height())
    shown = live.view.grab(area).toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, 400, 3) for y in range(0, 300, 3)}
    assert len(colours) > 2, "the box and its tag are in it"
    middle = image.pixelColor(image.width() - 9, image.height() - 9)
    assert middle == shown.pixelColor(shown.width() - 4, shown.height() - 4)


def test_the_picture_is_never_a_drawing(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered: list[str] = []

    def ask(*arguments: object) -> tuple[str, str]:
        offered.append(str(arguments[3]))
        return str(tmp_path / "me.svg"), offered[0].split(";;")[-1]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    with qtbot.waitSignal(live.session.message, timeout=10_000):
        take(snapshot, "Save picture…")
    assert "svg" not in offered[0]
    (file,) = tmp_path.glob("me*")
    assert file.suffix == ".png"
    assert not QImage(str(file)).isNull()


def test_the_picture_is_copied(snapshot: Snapshot, live: Live) -> None:
    take(snapshot, "Copy picture")
    image = QGuiApplication.clipboard().image()
    assert image.width() == 2 * live.view.picture_area().width()


def test_the_usual_key_copies_the_picture_that_has_the_focus(
    snapshot: Snapshot, live: Live, qtbot: QtBot
) -> None:
    live.view.window().activateWindow()
    qtbot.waitUntil(live.view.window().isActiveWindow)
    QGuiApplication.clipboard().setText("before")
    for focused, copied in ((live.options.raw, False), (live.view, True)):
        focused.setFocus()
        qtbot.keyClick(focused, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QGuiApplication.clipboard().image().isNull() is not copied


@pytest.mark.parametrize(("subject", "word"), [("probabilities", "Sad"), ("timeline", "50%")])
def test_charts_are_saved_as_drawings(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    subject: str,
    word: str,
) -> None:
    path = tmp_path / "chart"
    saved(snapshot, live, qtbot, monkeypatch, f"Save {subject}…", path, "Drawing (*.svg)")
    drawing = tmp_path / "chart.svg"
    root = ElementTree.parse(drawing).getroot()
    texts = " ".join("".join(element.itertext()) for element in root.iter())
    assert word in texts, "as text, not as pixels"
    renderer = QSvgRenderer(str(drawing))
    assert renderer.isValid()
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    colours = {image.pixelColor(x, y).name() for x in range(0, 400, 2) for y in range(0, 300, 2)}
    assert len(colours) > 3
    saved(snapshot, live, qtbot, monkeypatch, f"Save {subject}…", tmp_path / "chart.png")
    assert not QImage(str(tmp_path / "chart.png")).isNull()


def test_nothing_is_stored_unless_a_file_is_chosen(
    snapshot: Snapshot, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[str] = []

    def ask(*arguments: object) -> tuple[str, str]:
        proposed.append(str(arguments[2]))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    take(snapshot, "Save picture…")
    assert Path(proposed[0]).parent == tmp_path, "what there is of the recordings' folder"
    assert not (tmp_path / "recordings").exists()
    (tmp_path / "recordings").mkdir()
    take(snapshot, "Save picture…")
    assert Path(proposed[1]).parent == tmp_path / "recordings"


def test_the_folder_is_remembered(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved(snapshot, live, qtbot, monkeypatch, "Save picture…", tmp_path / "mine" / "me.png")
    proposed: list[str] = []

    def ask(*arguments: object) -> tuple[str, str]:
        proposed.append(str(arguments[2]))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    take(snapshot, "Save timeline…")
    assert Path(proposed[0]).parent == tmp_path / "mine"


def test_a_place_that_cannot_be_written_is_told(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("mine")
    path = tmp_path / "file" / "me.png"
    assert "cannot be written" in saved(snapshot, live, qtbot, monkeypatch, "Save picture…", path)


def test_there_is_nothing_to_take_before_the_first_frame(live: Live) -> None:
    for consumer in (Picture, FacePanel, Timeline):
        consumer(live)
    snapshot = Snapshot(live)
    snapshot.button.menu().aboutToShow.emit()
    assert not any(action.isEnabled() for _, action in snapshot.actions)
    take(snapshot, "Copy picture")


def test_a_file_that_was_not_named_is_not_replaced(
    snapshot: Snapshot,
    live: Live,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "me.png").write_text("mine")
    assert "is there already" in saved(
        snapshot, live, qtbot, monkeypatch, "Save picture…", tmp_path / "me"
    )
    assert (tmp_path / "me.png").read_text() == "mine"
