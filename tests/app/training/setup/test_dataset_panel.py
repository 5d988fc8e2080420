"""Choosing data, with the real check in its real process."""

from __future__ import annotations

import csv
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import app.training.process
from app.theme import current_theme
from app.training.setup.contact_sheet import EACH
from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import LABELS, Expression

_CHECKING = 60_000
_CLASSES = len(LABELS)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[DatasetPanel]:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    panel.resize(420, 400)
    panel.show()
    yield panel
    assert panel.shut_down()


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Official names: of each class four training pictures (of sad ten), one in the others."""
    root = tmp_path / "faces"
    seed = 0
    for label in LABELS:
        for name in ("PublicTest_1", "PrivateTest_1"):
            picture(root / "test" / label / f"{name}.png", seed := seed + 1)
        for n in range(10 if label == "sad" else 4):
            picture(root / "train" / label / f"Training_{n}.png", seed := seed + 1)
    return root


@pytest.fixture
def spoiled(folder: Path) -> Path:
    """With a repeat, a conflict, a picture in two splits, another class and two bad files."""
    train = folder / "train"
    shutil.copy(train / "happy" / "Training_0.png", train / "happy" / "Training_repeat.png")
    shutil.copy(train / "angry" / "Training_0.png", train / "fear" / "Training_other.png")
    shutil.copy(train / "sad" / "Training_0.png", folder / "test" / "sad" / "PrivateTest_again.png")
    picture(train / "contempt" / "Training_0.png", 999)
    (train / "sad" / "Training_bad.png").write_bytes(b"no picture")
    (train / "sad" / "Training_empty.png").write_bytes(b"")
    return folder


def checked(panel: DatasetPanel, qtbot: QtBot, path: Path) -> None:
    panel.choose(path)
    qtbot.waitUntil(lambda: not panel._process.running, timeout=_CHECKING)


def details(panel: DatasetPanel) -> dict[str, list[str]]:
    groups = (panel.details.topLevelItem(n) for n in range(panel.details.topLevelItemCount()))
    return {
        group.text(0): [group.child(n).text(0) for n in range(group.childCount())]
        for group in groups
        if group is not None
    }


def test_a_folder_is_counted(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    told: list[object] = []
    panel.checked.connect(told.append)
    assert panel.path is None
    assert panel.check is None
    checked(panel, qtbot, folder)
    assert panel.path == folder
    assert told == [panel.check]
    assert panel.check is not None
    assert panel.chart.counts["Training"]["sad"] == 10
    assert sum(panel.chart.counts["PrivateTest"].values()) == _CLASSES
    assert "PublicTest to validate" in panel.sentence.text()
    assert "No repeats, no conflicts" in panel.sentence.text()
    assert panel.chart.isVisible()
    assert not panel.warning.isVisible()
    assert list(details(panel)) == ["There is nothing to report."]


def test_bars_are_as_long_as_their_counts(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    checked(panel, qtbot, folder)
    panel.chart.resize(600, 300)
    image = panel.chart.grab().toImage()
    accent = QColor(current_theme().accent).rgb()
    rows: list[int] = []
    for y in range(image.height()):
        length = sum(image.pixel(x, y) == accent for x in range(image.width()))
        if length and (not rows or y - rows[-1] > 1):
            rows.append(y)
        elif length:
            rows[-1] = y
    lengths = [sum(image.pixel(x, y - 2) == accent for x in range(image.width())) for y in rows]
    bars = lengths[-_CLASSES:]  # above them is the line that explains the shade
    assert bars[Expression.SAD] == pytest.approx(2.5 * bars[Expression.HAPPY], rel=0.05)
    assert bars[Expression.ANGRY] == pytest.approx(bars[Expression.NEUTRAL], abs=1)


def test_counts_are_also_told_to_those_who_see_no_bars(
    panel: DatasetPanel, qtbot: QtBot, folder: Path
) -> None:
    checked(panel, qtbot, folder)
    assert "Training: angry 4" in panel.chart.accessibleDescription()


def test_what_is_wrong_is_listed_and_can_be_left_out(
    panel: DatasetPanel, qtbot: QtBot, spoiled: Path
) -> None:
    told: list[object] = []
    panel.checked.connect(told.append)
    checked(panel, qtbot, spoiled)
    assert panel.warning.isVisible()
    assert panel.bad.text().startswith("2 files")
    assert panel.check is None
    assert not panel.skip_bad
    assert told == []

    listed = details(panel)
    assert any("Training_bad.png" in line for line in listed["Cannot be used: 2"])
    assert listed["Pictures in two splits: 1"] == ["PrivateTest in Training: 1"]
    assert listed["Repeats within a split: 2"] == ["Training: 2"]
    assert "Training_other.png (fear)" in listed["Pictures with conflicting labels: 1"][0]
    assert listed["Left out: other classes: 1"] == ["contempt: 1"]
    assert "1 of other splits also in Training" in panel.sentence.text()
    panel.details_shown.click()
    assert panel.details.isVisible()
    assert not panel.chart.isVisible()

    panel.without_bad.click()
    assert panel.skip_bad
    assert told == [panel.check]
    panel.without_bad.click()
    assert told[-1] is None


def test_folders_that_are_left_out_are_named(
    panel: DatasetPanel, qtbot: QtBot, folder: Path
) -> None:
    shutil.copytree(folder / "train" / "fear", folder / "train" / "contempt")
    (folder / "train" / "surprise").rename(folder / "train" / "Suprise")
    checked(panel, qtbot, folder)
    assert "8 of other classes left out: suprise (perhaps surprise is meant), contempt." in (
        panel.sentence.text()
    )
    listed = details(panel)
    (missing,) = listed["Cannot be used: 1"]
    assert "the folder suprise (4 pictures) is left out: rename it to surprise" in missing
    assert sorted(listed["Left out: other classes: 8"]) == [
        "contempt: 4",
        "suprise: 4; perhaps surprise is meant, rename the folder then",
    ]


def test_a_zip(panel: DatasetPanel, qtbot: QtBot, folder: Path, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "faces"), "zip", folder))
    checked(panel, qtbot, path)
    assert panel.title.text() == "faces.zip"
    assert panel.chart.counts["PublicTest"]["happy"] == 1


def test_a_csv(panel: DatasetPanel, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for n in range(3 * _CLASSES):
            usage = ("Training", "PublicTest", "PrivateTest")[n // _CLASSES]
            rows.writerow([n % _CLASSES, " ".join([str(n)] * 48 * 48), usage])
    checked(panel, qtbot, path)
    assert sum(panel.chart.counts["Training"].values()) == _CLASSES


def bad_zip(path: Path) -> Path:
    path.write_bytes(b"PK\x03\x04 and then nothing")
    return path


def zip_without_classes(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letters/a.png", b"")
    return path


def text_file(path: Path) -> Path:
    path.write_text("some words")
    return path


def no_pictures(path: Path) -> Path:
    for label in LABELS:
        (path / label).mkdir(parents=True)
        (path / label / "1.png").write_bytes(b"no")
    return path


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: path, "missing.zip"),
        (lambda path: path, "-missing"),
        (bad_zip, "damaged.zip"),
        (zip_without_classes, "letters.zip"),
        (text_file, "words.csv"),
        (text_file, "words.txt"),
        (lambda path: path.mkdir() or path, "empty"),
        (no_pictures, "nothing usable"),
        (text_file, "Bücher ☂.csv"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    panel: DatasetPanel, qtbot: QtBot, tmp_path: Path, make: object, name: str
) -> None:
    assert callable(make)
    checked(panel, qtbot, make(tmp_path / name))
    assert panel.problem.isVisible()
    assert name in panel.problem.text()
    assert "Traceback" not in panel.problem.text()
    assert "unexpectedly" not in panel.problem.text()
    assert "python" not in panel.problem.text()
    assert panel.check is None
    assert not panel.chart.isVisible()


def test_what_was_moved_back_can_be_checked_again(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    away = folder.rename(tmp_path / "away")
    checked(panel, qtbot, folder)
    assert panel.check is None
    away.rename(folder)
    panel.again.click()
    qtbot.waitUntil(lambda: panel.check is not None, timeout=_CHECKING)
    assert not panel.problem.isVisible()


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that tells some progress and never ends."""
    code = (
        "import sys, time; from ml.runs.events import Loading, to_line\n"
        "print(to_line(Loading(21, 50)), file=sys.stderr, flush=True); time.sleep(600)"
    )
    monkeypatch.setattr(app.training.process, "ml_command", lambda: [sys.executable, "-c", code])


@pytest.mark.usefixtures("endless")
def test_progress_is_shown_and_the_check_can_be_cancelled(
    panel: DatasetPanel, qtbot: QtBot, folder: Path
) -> None:
    panel.choose(folder)
    qtbot.waitUntil(lambda: panel.sentence.text() == "Reading… 42 %", timeout=_CHECKING)
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
    qtbot.waitUntil(lambda: panel.bar.value() == 42, timeout=_CHECKING)
    (first,) = children()
    monkeypatch.setattr(app.training.process, "ml_command", lambda: [sys.executable, "-m", "ml"])
    checked(panel, qtbot, folder)
    assert not first.is_running()
    assert panel.path == folder
    assert panel.check is not None


@pytest.mark.usefixtures("endless")
def test_closing_ends_the_check(qtbot: QtBot, folder: Path) -> None:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    panel.choose(folder)
    qtbot.waitUntil(lambda: len(children()) == 1, timeout=_CHECKING)
    assert panel.shut_down()
    assert not children()


def test_a_choice_forgets_what_the_last_one_was_found_to_be(
    panel: DatasetPanel, qtbot: QtBot, spoiled: Path, tmp_path: Path
) -> None:
    checked(panel, qtbot, spoiled)
    panel.without_bad.click()
    assert panel.check is not None
    told: list[object] = []
    panel.checked.connect(told.append)
    checked(panel, qtbot, tmp_path / "nothing")
    assert told == [None]
    assert not panel.skip_bad


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
    monkeypatch.setattr(app.training.process, "ml_command", lambda: [sys.executable, "-c", code])
    checked(panel, qtbot, folder)
    assert told in panel.problem.text()
    assert panel.check is None


def test_a_check_that_cannot_start(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.training.process, "ml_command", lambda: [str(folder / "no program")])
    checked(panel, qtbot, folder)
    assert "could not be started" in panel.problem.text()


# Choosing by dialog and by drop


def test_the_dialogs(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[Path] = []
    monkeypatch.setattr(panel, "choose", chosen.append)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/data/fer2013.csv", ""))
    for action in panel.choose_button.menu().actions():
        action.trigger()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    for action in panel.choose_button.menu().actions():
        action.trigger()
    assert chosen == [folder, Path("/data/fer2013.csv")]


def content(*urls: str) -> QMimeData:
    data = QMimeData()
    if urls:
        data.setUrls([QUrl(url) for url in urls])
    else:
        data.setText("words")
    return data


def enter(panel: DatasetPanel, data: QMimeData) -> bool:
    event = QDragEnterEvent(
        QPoint(9, 9),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    panel.dragEnterEvent(event)
    return event.isAccepted()


def drop(panel: DatasetPanel, data: QMimeData) -> None:
    panel.dropEvent(
        QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            QEvent.Type.Drop,
        )
    )


def test_a_drop_is_announced_and_taken(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    data = content(QUrl.fromLocalFile(str(folder)).toString())
    assert enter(panel, data)
    assert panel._drop_hint.isVisible()
    assert folder.name in panel._drop_hint.text()
    panel.dragLeaveEvent(QDragLeaveEvent())
    assert not panel._drop_hint.isVisible()
    enter(panel, data)
    drop(panel, data)
    assert not panel._drop_hint.isVisible()
    assert panel.path == folder
    qtbot.waitUntil(lambda: panel.check is not None, timeout=_CHECKING)


@pytest.mark.parametrize("urls", [(), ("https://example.org/a.zip",), ("file:///a", "file:///b")])
def test_a_drop_of_anything_else(panel: DatasetPanel, urls: tuple[str, ...]) -> None:
    told: list[str] = []
    panel.message.connect(told.append)
    data = content(*urls)
    assert enter(panel, data) is bool(urls)
    drop(panel, data)
    assert panel.path is None
    assert len(told) == 1


# Sample pictures


def test_sample_pictures(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    checked(panel, qtbot, folder)
    panel.samples.click()
    sheet = panel._sheet
    assert sheet is not None
    assert not sheet.isModal()
    qtbot.waitUntil(sheet.others.isEnabled, timeout=_CHECKING)
    for expression, labels in sheet.pictures.items():
        names = [label.toolTip() for label in labels if label.toolTip()]
        assert len(names) == (10 if expression is Expression.SAD else 4)
        assert len(set(names)) == len(names) <= EACH
        assert all(f"train/{expression.label}/" in name for name in names)
        assert all(label.pixmap().isNull() is (not label.toolTip()) for label in labels)

    before = [label.toolTip() for label in sheet.pictures[Expression.SAD]]
    for _ in range(20):  # some draw is another
        sheet.others.click()
        qtbot.waitUntil(sheet.others.isEnabled, timeout=_CHECKING)
        if [label.toolTip() for label in sheet.pictures[Expression.SAD]] != before:
            break
    else:
        pytest.fail("the same ten pictures in the same order, twenty times")


def test_sample_pictures_of_what_is_gone(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    checked(panel, qtbot, folder)
    folder.rename(tmp_path / "away")
    panel.samples.click()
    assert panel._sheet is not None
    qtbot.waitUntil(panel._sheet.others.isEnabled, timeout=_CHECKING)
    assert str(folder) in panel._sheet.note.text()
    panel.choose(tmp_path / "away")
    assert not panel._sheet.isVisible()


def test_closing_while_pictures_are_drawn(qtbot: QtBot, folder: Path) -> None:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    checked(panel, qtbot, folder)
    panel.samples.click()
    assert panel.shut_down()


@pytest.mark.data
def test_the_real_data_set(panel: DatasetPanel, qtbot: QtBot, fer2013_path: Path) -> None:
    shares: list[int] = []
    panel._process.progressed.connect(lambda done, total: shares.append(100 * done // total))
    checked(panel, qtbot, fer2013_path)
    assert sum(panel.chart.counts["Training"].values()) == 28_709
    assert len(set(shares)) > 3
    assert shares == sorted(shares)
    assert details(panel)["Pictures in two splits: 612"][1] == "PrivateTest in Training: 288"
