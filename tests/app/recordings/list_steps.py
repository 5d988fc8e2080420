"""The list of recordings as a person reads and works it."""

from __future__ import annotations

from typing import Final

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.recordings.recordings_list import RecordingsList
from app.recordings.recordings_model import Column
from app.recordings.tab import RecordingsTab

YES: Final = QMessageBox.ButtonRole.DestructiveRole
NO: Final = QMessageBox.ButtonRole.RejectRole


def listed(page: RecordingsList) -> list[str]:
    model = page.table.model()
    return [model.index(row, Column.NAME).data() for row in range(model.rowCount())]


def cells(page: RecordingsList, row: int) -> list[str]:
    return [page.table.model().index(row, column).data() for column in Column]


def show(tab: RecordingsTab, qtbot: QtBot, *names: str) -> RecordingsList:
    """The list, once it has exactly those."""
    tab.list.refresh()
    qtbot.waitUntil(lambda: sorted(listed(tab.list)) == sorted(names), timeout=30_000)
    return tab.list


def choose(page: RecordingsList, *names: str) -> None:
    page.table.clearSelection()
    model = page.table.selectionModel()
    for name in names:
        index = page.table.model().index(listed(page).index(name), 0)
        model.select(index, model.SelectionFlag.Select | model.SelectionFlag.Rows)


def answer(monkeypatch: pytest.MonkeyPatch, *roles: QMessageBox.ButtonRole) -> list[str]:
    """Answers questions by the button with that role; returns what is asked."""
    asked: list[str] = []
    answers = iter(roles)

    def click(box: QMessageBox) -> int:
        asked.append(f"{box.text()}\n{box.informativeText()}")
        role = next(answers)
        (button,) = (b for b in box.buttons() if box.buttonRole(b) is role)
        QTimer.singleShot(0, button.click)
        return real(box)

    real = QMessageBox.exec
    monkeypatch.setattr(QMessageBox, "exec", click)
    return asked
