"""What the data check found, as a list to look through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtWidgets import QFrame, QTreeWidget, QTreeWidgetItem, QWidget

from ml.data.near_misses import meant_expression

_MOST_LISTED: Final = 500
"""Files that cannot be used; nobody reads more, and a list of thousands takes its time."""


class DatasetDetails(QTreeWidget):
    """Repeats, conflicts, other classes and what cannot be used; only what there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Details of the data check"))
        self.setHeaderHidden(True)
        self.setIndentation(14)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(150)

    def set_check(self, found: Mapping[str, Any]) -> None:
        """``found`` is an ml.data.check.DataCheck as a mapping."""
        self.clear()
        bad = found["bad"]
        more = self.tr("and {:,} more").format(len(bad) - _MOST_LISTED)
        listed = bad[:_MOST_LISTED] + ([more] if len(bad) > _MOST_LISTED else [])
        self._add(self.tr("Cannot be used"), len(bad), listed)
        self._add(
            self.tr("Pictures in two splits"),
            sum(found["shared"].values()),
            [f"{pair}: {count:,}" for pair, count in found["shared"].items() if count],
        )
        self._add(
            self.tr("Duplicates within a split"),
            sum(found["repeats"].values()),
            [f"{split}: {count:,}" for split, count in found["repeats"].items() if count],
        )
        examples = found["conflict_examples"]
        more = self.tr("and {:,} more").format(found["conflicts"] - len(examples))
        self._add(
            self.tr("Pictures with conflicting labels"),
            found["conflicts"],
            examples + ([more] if found["conflicts"] > len(examples) else []),
        )
        self._add(
            self.tr("Left out: other classes"),
            sum(found["left_out"].values()),
            [self._left_out(name, count) for name, count in found["left_out"].items()],
        )
        if not self.topLevelItemCount():
            QTreeWidgetItem(self, [self.tr("Nothing to report.")])

    def _left_out(self, name: str, count: int) -> str:
        meant = meant_expression(name)
        if meant is None:
            return f"{name}: {count:,}"
        perhaps = self.tr("{}: {:,}; perhaps {} is meant, rename the folder then")
        return perhaps.format(name, count, meant.label)

    def _add(self, title: str, count: int, lines: list[str]) -> None:
        if not count:
            return
        group = QTreeWidgetItem(self, [self.tr("{}: {:,}").format(title, count)])
        for line in lines:
            item = QTreeWidgetItem(group, [line])
            item.setToolTip(0, line)
        group.setExpanded(0 < len(lines) <= 5)
