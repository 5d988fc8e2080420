"""Choosing data, with the real check in its real process."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import LABELS
from tests.app.training.setup.checking import CHECKING, CLASSES, checked, details


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
    assert sum(panel.chart.counts["PrivateTest"].values()) == CLASSES
    assert "PublicTest to validate" in panel.sentence.text()
    assert "No duplicates, no conflicting labels" in panel.sentence.text()
    assert panel.chart.isVisible()
    assert not panel.warning.isVisible()
    assert list(details(panel)) == ["Nothing to report."]


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
    assert listed["Duplicates within a split: 2"] == ["Training: 2"]
    assert "Training_other.png (fear)" in listed["Pictures with conflicting labels: 1"][0]
    assert listed["Left out: other classes: 1"] == ["contempt: 1"]
    assert "1 from other splits also in Training" in panel.sentence.text()
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
        for n in range(3 * CLASSES):
            usage = ("Training", "PublicTest", "PrivateTest")[n // CLASSES]
            rows.writerow([n % CLASSES, " ".join([str(n)] * 48 * 48), usage])
    checked(panel, qtbot, path)
    assert sum(panel.chart.counts["Training"].values()) == CLASSES


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
    qtbot.waitUntil(lambda: panel.check is not None, timeout=CHECKING)
    assert not panel.problem.isVisible()


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


@pytest.mark.data
def test_the_real_data_set(panel: DatasetPanel, qtbot: QtBot, fer2013_path: Path) -> None:
    shares: list[int] = []
    panel._process.progressed.connect(lambda done, total: shares.append(100 * done // total))
    checked(panel, qtbot, fer2013_path)
    assert sum(panel.chart.counts["Training"].values()) == 28_709
    assert len(set(shares)) > 3
    assert shares == sorted(shares)
    assert details(panel)["Pictures in two splits: 612"][1] == "PrivateTest in Training: 288"


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
    qtbot.waitUntil(lambda: panel.check is not None, timeout=CHECKING)


@pytest.mark.parametrize("urls", [(), ("https://example.org/a.zip",), ("file:///a", "file:///b")])
def test_a_drop_of_anything_else(panel: DatasetPanel, urls: tuple[str, ...]) -> None:
    told: list[str] = []
    panel.message.connect(told.append)
    data = content(*urls)
    assert enter(panel, data) is bool(urls)
    drop(panel, data)
    assert panel.path is None
    assert len(told) == 1
