"""The people in view, as a row of buttons below the picture."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QScrollArea,
    QWidget,
)

from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.session import State
from app.live.views.badge import paint_badge
from app.theme import current_theme
from ml.vision.analysis import Analysis, Face, TrackedFace

_HEIGHT: Final = 44
_PICTURE: Final = 34
"""Side of the small picture, in pixels."""
_REFRESH_MS: Final = 250
_PATIENCE: Final = 1.0
"""Seconds for which the chip of somebody who was lost stays, so that the row does not flicker."""


class Chips(QScrollArea, Consumer):
    """Looks at the newest analysis four times a second."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._session, self._choice, self._people = live.session, live.choice, live.people
        self._options = live.options
        self._analysis: Analysis | None = None
        self._chips: dict[int, Chip] = {}
        self._seen: dict[int, float] = {}
        """When each person with a chip was seen last, as ``Frame.time``."""
        self._build()
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.timeout.connect(self._refresh)
        live.below.addWidget(self)
        live.session.stream.analysed.connect(self._on_analysed)
        live.session.state_changed.connect(self._on_state)
        live.choice.person_changed.connect(self._mark_chosen)
        live.people.changed.connect(self._refresh)
        self._on_state(live.session.state)

    @property
    def chips(self) -> dict[int, Chip]:
        """Those shown, by track id."""
        return dict(self._chips)

    def refresh_theme(self) -> None:
        for chip in self._chips.values():
            chip.update()

    def _build(self) -> None:
        self.setAccessibleName(self.tr("People in view"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFixedHeight(_HEIGHT + 10)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._nobody = QLabel()
        self._nobody.setObjectName("caption")
        self._row.addWidget(self._nobody)
        self._row.addStretch(1)
        self.setWidget(inside)

    @Slot(object)
    def _on_state(self, state: State) -> None:
        if state is not State.RUNNING:
            self._forget()
        self.setVisible(state in (State.RUNNING, State.LOST))
        self._nobody.setText(self.tr("Nobody in view") if state is State.RUNNING else "")

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        self._analysis = analysis
        for face in analysis.faces:
            self._seen[face.track] = analysis.frame.time
        if analysis.faces and not self._chips:  # a quarter of a second later would look slow
            self._refresh()

    def _forget(self) -> None:
        self._analysis = None
        self._seen.clear()
        for track in list(self._chips):
            self._remove(track)

    def _remove(self, track: int) -> None:
        chip = self._chips.pop(track)
        self._row.removeWidget(chip)
        chip.deleteLater()

    @Slot()
    def _refresh(self) -> None:
        if self._analysis is None:
            return
        now = self._analysis.frame.time
        self._seen = {track: t for track, t in self._seen.items() if now - t <= _PATIENCE}
        for track in self._chips.keys() - self._seen.keys():
            self._remove(track)
        for face in self._analysis.faces:
            if face.track not in self._chips:
                self._add(face.track)
            chip = self._chips[face.track]
            chip.name = self._people.name(face.track)
            chip.show_face(face, self._analysis, self._options.least_quality)
        self._nobody.setVisible(not self._chips)
        self._mark_chosen()

    def _add(self, track: int) -> None:
        chip = Chip(track, self._people.colour(track))
        chip.clicked.connect(lambda: self._choice.choose(track))
        chip.rename_requested.connect(lambda: self._rename(track))
        self._chips[track] = chip
        # In the order of their ids, so that they keep their places.
        place = sum(other < track for other in self._chips)
        self._row.insertWidget(place, chip)

    @Slot()
    def _mark_chosen(self) -> None:
        for track, chip in self._chips.items():
            chip.setChecked(track == self._choice.track)
            if chip.isChecked():
                self.ensureWidgetVisible(chip, 8, 0)

    def _rename(self, track: int) -> None:
        name, accepted = QInputDialog.getText(
            self,
            self.tr("Name"),
            self.tr("Name for this capture. It is not stored."),
            text=self._people.name(track) if self._people.is_named(track) else "",
        )
        if accepted:
            self._people.rename(track, name)


class Chip(QAbstractButton):
    """One person: small picture, number, name, expression, and the age of the prediction."""

    rename_requested = Signal()

    def __init__(self, track: int, colour: QColor) -> None:
        super().__init__()
        self.track = track
        self.name = ""
        self.label = ""
        self.age = ""
        self.dimmed = False
        self._colour, self._number = colour, str(track)
        self._picture: QImage | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to Start and Stop
        self.setToolTip(
            self.tr("Click to look at this person, N for the next. Right-click to name them.")
        )

    def show_face(self, face: TrackedFace, analysis: Analysis, least_quality: float) -> None:
        expression = face.expression
        self.label = expression.label.capitalize() if expression is not None else "…"
        seconds = analysis.frame.time - face.answered if face.answered is not None else 0.0
        self.age = self.tr("{:.0f} s ago").format(seconds) if seconds >= 1 else self.tr("now")
        self.dimmed = face.quality is not None and face.quality.value < least_quality
        if self._picture is None or not self.visibleRegion().isEmpty():
            self._picture = _cut_out(analysis, face.face)
        self.setAccessibleName(f"{self.name}: {self.label}, {self.age}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        widest = max(self.name, f"{self.label}  {self.age}", key=metrics.horizontalAdvance)
        width = min(max(metrics.horizontalAdvance(widest), 84.0), 190.0)
        return QSize(int(width) + _PICTURE + 28, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self.window())  # not the chip's, which goes when the person does
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Name…")).triggered.connect(self.rename_requested)
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        marked = self.isChecked() or self.hasFocus()
        painter.setPen(QPen(QColor(theme.accent if marked else theme.border), 2 if marked else 1))
        painter.setBrush(QColor(theme.raised if self.underMouse() else theme.surface))
        painter.drawRoundedRect(room, 8, 8)

        picture = QRectF(room.x() + 5, room.center().y() - _PICTURE / 2, _PICTURE, _PICTURE)
        if self._picture is not None:
            outline = QPainterPath()
            outline.addRoundedRect(picture, 6, 6)
            painter.save()
            painter.setClipPath(outline)
            painter.drawImage(picture, self._picture)
            painter.restore()
        badge = QRectF(picture.x(), picture.bottom() - 15, 8 + 7 * len(self._number), 15)
        paint_badge(painter, badge, self._number, self._colour)

        lines = room.adjusted(_PICTURE + 14, 3, -8, -3)
        metrics = QFontMetricsF(self.font())
        top = lines.adjusted(0, 0, 0, -lines.height() / 2)
        bottom = lines.adjusted(0, lines.height() / 2, 0, 0)
        centred = Qt.AlignmentFlag.AlignVCenter
        right = Qt.TextElideMode.ElideRight
        painter.setPen(QColor(theme.muted))
        painter.drawText(top, centred, metrics.elidedText(self.name, right, top.width()))
        painter.drawText(bottom, centred | Qt.AlignmentFlag.AlignRight, self.age)
        painter.setPen(QColor(theme.muted if self.dimmed else theme.text))
        painter.drawText(bottom, centred, self.label)


def _cut_out(analysis: Analysis, face: Face) -> QImage:
    """A square around the face, as small as it is shown."""
    image = analysis.frame.image
    height, width = image.shape[:2]
    side = min(max(int(face.height * 1.1), 8), height, width)
    x, y = (round(centre - side / 2) for centre in face.centre)
    x, y = min(max(x, 0), width - side), min(max(y, 0), height - side)
    whole = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)
    return whole.copy(x, y, side, side).scaled(
        2 * _PICTURE,
        2 * _PICTURE,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
