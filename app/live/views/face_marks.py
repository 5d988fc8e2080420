"""Paints what is known of each face onto the picture: a box, and a tag with the expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.live.views.badge import paint_badge
from app.live.views.name_tags import place_tags
from app.theme import EXPRESSION_COLOURS, person_colour, readable_on
from ml.expressions import Expression

_FAINT: Final = 0.45
"""Opacity of what is dimmed."""
_PADDING: Final = 8.0
"""Pixels left and right of a tag's text."""


@dataclass(frozen=True)
class Mark:
    """What is painted of one face."""

    box: QRectF
    """In pixels of what is painted on."""
    track: int
    """The person's number."""
    expression: Expression | None
    confidence: float
    """The probability of ``expression``."""
    name: str = ""
    """That the user gave the person."""
    doubt: str | None = None
    """What is painted faintly has one, an empty one if there are no words for it."""
    chosen: bool = False

    def at(self, box: QRectF) -> Mark:
        """The same in another place."""
        return replace(self, box=box)

    @property
    def text(self) -> str:
        """Of the tag, which is painted once there is an expression."""
        words = [self.name, self.doubt]
        if self.expression is not None:
            words.insert(1, f"{self.expression.label.capitalize()} {self.confidence:.0%}")
        return "  ".join(word for word in words if word)

    @property
    def dimmed(self) -> bool:
        return self.doubt is not None


def paint_marks(
    painter: QPainter, marks: Sequence[Mark], picture: QRectF, usual_font: QFont
) -> None:
    """``marks``, the most important first, within ``picture``."""
    for mark in reversed(marks):  # the most important last, on top
        _paint_box(painter, mark)
    # The chosen face first, so that its tag keeps the best place.
    tagged = sorted((m for m in marks if m.expression is not None), key=lambda m: not m.chosen)
    fonts = [_font(mark, usual_font) for mark in tagged]
    sizes = [_tag_size(mark, font) for mark, font in zip(tagged, fonts, strict=True)]
    places = place_tags([mark.box for mark in tagged], sizes, picture)
    for mark, font, place in zip(tagged, fonts, places, strict=True):
        _paint_tag(painter, mark, font, place)


def _paint_box(painter: QPainter, mark: Mark) -> None:
    painter.setOpacity(_FAINT if mark.dimmed else 1.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # A dark outline keeps the box visible where the picture has its colour.
    painter.setPen(QPen(QColor(0, 0, 0, 140), 5 if mark.chosen else 3.5))
    painter.drawRoundedRect(mark.box, 6, 6)
    painter.setPen(QPen(_colour(mark), 3 if mark.chosen else 1.75))
    painter.drawRoundedRect(mark.box, 6, 6)
    painter.setOpacity(1.0)


def _font(mark: Mark, usual: QFont) -> QFont:
    font = QFont(usual)
    font.setBold(mark.chosen)
    return font


def _tag_size(mark: Mark, font: QFont) -> QSizeF:
    metrics = QFontMetricsF(font)
    text = metrics.horizontalAdvance(mark.text) + 2 * _PADDING
    return QSizeF(_badge_width(mark, metrics) + text, metrics.height() + 6)


def _badge_width(mark: Mark, metrics: QFontMetricsF) -> float:
    return metrics.horizontalAdvance(str(mark.track)) + 12


def _paint_tag(painter: QPainter, mark: Mark, font: QFont, tag: QRectF) -> None:
    colour = _colour(mark)
    badge = QRectF(tag)
    badge.setWidth(_badge_width(mark, QFontMetricsF(font)))
    painter.setOpacity(0.6 if mark.dimmed else 1.0)  # still to be read
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(tag, 5, 5)
    paint_badge(painter, badge, str(mark.track), person_colour(mark.track), corner=5)
    painter.setPen(readable_on(colour))
    painter.drawText(tag.adjusted(badge.width(), 0, 0, 0), Qt.AlignmentFlag.AlignCenter, mark.text)
    painter.setOpacity(1.0)


def _colour(mark: Mark) -> QColor:
    if mark.expression is None:
        return QColor("#FFFFFF")
    return EXPRESSION_COLOURS[mark.expression]
