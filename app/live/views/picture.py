"""The picture: the newest frame, or the analysed one with its faces."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt, Slot

from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.session import State
from app.live.subject import Subject
from ml.vision.analysis import Analysis

_REFRESH_MS: Final = 8
"""Shorter than a frame of any usual camera, so that none waits long."""


class Picture(QObject, Consumer):
    """Gives the view the frames and analyses to show."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.session)
        self._session, self._view, self._choice = live.session, live.view, live.choice
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._show_newest)
        live.view.face_chosen.connect(live.choice.choose)
        live.choice.person_changed.connect(self._mark_chosen)
        live.options.changed.connect(self._dim)
        self._options = live.options
        self._dim()
        live.session.stream.analysed.connect(self._on_analysed)
        live.session.state_changed.connect(self._on_state)
        self._on_state(live.session.state)
        live.subjects.append(
            Subject(
                self.tr("picture"), live.view.picture_area, live.view.paint_picture, drawn=False
            )
        )

    def refresh_theme(self) -> None:
        self._view.update()

    @Slot(object)
    def _on_state(self, state: State) -> None:
        self._view.set_invitation(
            {
                State.IDLE: self.tr("Press Start or Space to see faces and their expressions."),
                State.OPENING: self.tr("Opening…"),
                State.LOST: self.tr("Reconnecting…"),
            }.get(state, "")
        )
        if state is State.OPENING:
            self._view.clear()
        elif state is not State.RUNNING:
            self._view.clear_faces()

    @Slot()
    def _show_newest(self) -> None:
        frame = self._session.display_box.take()
        if frame is not None:
            self._view.show_frame(frame)

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        self._view.show_analysis(analysis)

    @Slot()
    def _mark_chosen(self) -> None:
        self._view.set_chosen(self._choice.track)

    @Slot()
    def _dim(self) -> None:
        self._view.set_least_quality(self._options.least_quality)
