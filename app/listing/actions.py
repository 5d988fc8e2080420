"""What can be done with the rows of a list: as shortcuts, in its menu, and as buttons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QWidget


def list_action(owner: QWidget, text: str, slot: Callable[[], None], key: str = "") -> QAction:
    """``key`` works within ``owner``."""
    action = QAction(text, owner)
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    action.triggered.connect(slot)
    return action


def action_button(action: QAction) -> QPushButton:
    """Follows ``action``: enabled when it is, with its tool tip."""
    button = QPushButton(action.text())

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    button.clicked.connect(action.trigger)
    action.changed.connect(follow)
    follow()
    return button
