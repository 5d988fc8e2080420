"""The viewer: the picture, the timeline, and beside them who was seen, and the markers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.background import Background
from app.duration import duration
from app.elided_label import ElidedLabel
from app.recordings.viewer.course import Course
from app.recordings.viewer.edits import Edits
from app.recordings.viewer.markers_panel import MarkersPanel
from app.recordings.viewer.moments import Moments
from app.recordings.viewer.person_panel import PersonPanel
from app.recordings.viewer.player import Player
from app.recordings.viewer.shown import Shown
from app.recordings.viewer.stage import Stage
from app.recordings.viewer.summary_panel import SummaryPanel
from app.recordings.viewer.transport import Transport
from ml.recording.corrected import Corrected
from ml.recording.opened import Opened, open_recording, video_file

_PANEL_WIDTH: Final = 290
_OWN_KEYS: Final = (
    (QAbstractButton, {Qt.Key.Key_Space}),
    (QTabBar, {Qt.Key.Key_Left, Qt.Key.Key_Right}),
)
"""Kinds of widgets, and the keys that they need themselves while they have the focus."""
_MOST_PROBLEMS: Final = 4
"""That are told; a folder may have thousands of broken pictures."""
_MOST_COURSE: Final = 0.46
"""Share of the height that the timeline gets at most by itself."""


class Viewer(QWidget):
    """Shows one recording after another."""

    back_requested = Signal()
    message = Signal(str, bool)
    """For the user, and whether it is serious; an empty one clears the last."""
    replay_requested = Signal(object)
    """The Path of a video that is to be the live tab's source."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._request = 0
        """Number of the newest request to show a recording."""
        self.shown = Shown(self)
        self.clock = self.shown.clock
        self.edits = Edits(background, self)
        self.stage = Stage()
        self.player = Player(self.stage, self.clock, self)
        self.transport = Transport(self.clock)
        self.course = Course(self.shown)
        self.person = PersonPanel(self.shown, self.edits)
        self.summary = SummaryPanel(self.shown, self.course.plot.section)
        self.markers = MarkersPanel(self.shown, self.edits)
        self._moments: Moments | None = None
        self._shortcuts: list[QShortcut] = []
        self._arrange()
        self._connect()

    def show_recording(self, folder: Path, time: float = 0.0, person: int | None = None) -> None:
        """At ``time`` in seconds, with ``person`` chosen, a track id, if they are in it.

        It is read in the background; a message says why if that fails.
        """
        self.leave()
        self._set_ready(False)
        self.title.set_text(self.tr("Opening {}…").format(folder.name))
        self._set_note("")
        self.message.emit("", False)
        self._background.do(
            partial(open_recording, folder), partial(self._on_opened, self._request, time, person)
        )

    def shut_down(self) -> bool:
        """Returns whether all threads ended in time."""
        self.clock.pause()
        return self.player.shut_down()

    def leave(self) -> None:
        """Nothing is shown any more, not what is being opened either. The video's file is let go:
        on Windows, an open one can neither be renamed nor deleted.
        """
        self._request += 1
        self.clock.pause()
        self.player.end()

    def refresh_theme(self) -> None:
        self.course.refresh_theme()
        self.person.refresh_theme()
        self.summary.table.update()

    # Layout and connections

    def _arrange(self) -> None:
        self.back = QPushButton(self.tr("‹ Recordings"))
        self.back.setObjectName("compact")
        self.back.clicked.connect(self.back_requested)
        self.title = ElidedLabel()
        self.title.setObjectName("headline")
        self.note = ElidedLabel()
        self.note.setObjectName("caption")
        self.undo = QPushButton(self.tr("Undo"))
        self.undo.setToolTip(self.tr("Take the last correction back (Ctrl+Z)."))
        self.redo = QPushButton(self.tr("Redo"))
        self.redo.setToolTip(self.tr("Ctrl+Shift+Z"))
        self.faces = QCheckBox(self.tr("Faces"))
        self.faces.setChecked(self.stage.faces_drawn)
        self.faces.setToolTip(self.tr("Draw the recorded faces on the video (F)."))
        self.replay = QPushButton(self.tr("Use as source"))
        self.replay.setToolTip(
            self.tr("Play the video in the live tab, to analyse it again with other options.")
        )
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.back)
        top.addWidget(self.title, 2)
        top.addWidget(self.note, 1)
        for button in (self.replay, self.undo, self.redo):
            button.setObjectName("compact")
        self._actions = (self.faces, self.replay, self.undo, self.redo)
        for action in self._actions:
            top.addWidget(action)

        picture = QWidget()
        left = QVBoxLayout(picture)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(6)
        left.addWidget(self.stage, 1)
        left.addWidget(self.transport)
        panel = QTabWidget()
        panel.setDocumentMode(True)
        panel.tabBar().setDrawBase(False)
        for card, text in (
            (self.person, self.tr("Person")),
            (self.summary, self.tr("Summary")),
            (self.markers, self.tr("Markers")),
        ):
            panel.addTab(card, text)
        panel.setFixedWidth(_PANEL_WIDTH)
        self.panel = panel
        split = self._split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(picture)
        split.addWidget(self.course)
        split.setStretchFactor(0, 1)
        self.body = QWidget()
        body = QHBoxLayout(self.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(12)
        body.addWidget(split, 1)
        body.addWidget(panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.body, 1)
        for clicked in self.findChildren(QAbstractButton):
            # After a click on one, Space plays; who comes to it by the keyboard presses it.
            clicked.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _connect(self) -> None:
        self.undo.clicked.connect(self.edits.undo)
        self.redo.clicked.connect(self.edits.redo)
        self.replay.clicked.connect(self._on_replay)
        self.faces.toggled.connect(self.stage.draw_faces)
        self.edits.changed.connect(self._on_edits)
        self.edits.failed.connect(lambda why: self.message.emit(why, True))
        self.player.shown.connect(self._show_faces)
        self.player.failed.connect(lambda why: self.message.emit(why, True))
        self.stage.face_chosen.connect(self.shown.choose)
        self.shown.changed.connect(self._on_shown)
        self.shown.person_changed.connect(self._show_faces)
        self.clock.moved.connect(self._show_faces)
        self.course.plot.scrolled.connect(
            lambda: self.summary.show_section(self.course.plot.section)
        )
        self.transport.stepped.connect(self._step)
        self.transport.marker_wanted.connect(self._go_to_marker)
        for keys, slot in (
            ("Space", self.clock.toggle),
            (",", lambda: self._step(-1)),
            (".", lambda: self._step(1)),
            ("Left", lambda: self._step(-1)),
            ("Right", lambda: self._step(1)),
            ("Home", lambda: self.clock.go_to(0.0)),
            ("End", lambda: self.clock.go_to(self.clock.end)),
            ("PgUp", lambda: self._go_to_marker(-1)),
            ("PgDown", lambda: self._go_to_marker(1)),
            ("F", self.faces.click),
            ("M", self._mark),
            ("I", self.markers.begin_time),
            ("Ctrl+Z", self.edits.undo),
            ("Ctrl+Shift+Z", self.edits.redo),
            ("Ctrl+Y", self.edits.redo),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
            self._shortcuts.append(shortcut)

    def event(self, event: QEvent) -> bool:
        """Let what has the focus keep its keys."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            focus = self.focusWidget()
            if any(isinstance(focus, kind) and event.key() in keys for kind, keys in _OWN_KEYS):
                event.accept()
                return True
        return super().event(event)

    def _set_ready(self, ready: bool) -> None:
        """There is a recording to work with; one can go back without."""
        for part in (self.body, *self._actions):
            part.setEnabled(ready)
        for shortcut in self._shortcuts:
            shortcut.setEnabled(ready)

    def _set_note(self, note: str) -> None:
        self.note.set_text(note)
        self.note.setVisible(bool(note))  # else its room is missing for the title

    # Opening and correcting

    def _on_opened(
        self, request: int, time: float, person: int | None, opened: Opened | None, failure: str
    ) -> None:
        if request != self._request:
            return  # another one was asked for meanwhile
        if opened is None:
            self.message.emit(failure, True)
            self.back_requested.emit()
        else:
            self._begin(opened, time, person)

    def _begin(self, opened: Opened, time: float, person: int | None) -> None:
        recording = opened.corrected.recording
        self._set_ready(True)
        self.shown.show(opened.corrected)
        if person is not None:
            person = opened.corrected.corrections.person(person)
        if person in opened.corrected.tracks:
            self.shown.choose(person)
        self.clock.go_to(time)
        self.edits.begin(recording, opened.corrected.corrections)
        video = video_file(recording)
        self.replay.setVisible(video is not None)
        self.faces.setVisible(video is not None)
        told = recording.about.video
        self.faces.setChecked(told is None or told.kind != "annotated")
        hint = self.tr("Recorded without video") if video is None else ""
        assert self._moments is not None
        self.stage.clear(self._moments.frame_size, hint)
        self.player.begin(video)
        self._show_faces()
        self._share_room()
        problems = (*opened.problems, *recording.about.problems.values())
        if len(problems) > _MOST_PROBLEMS:
            more = len(problems) - _MOST_PROBLEMS
            problems = (*problems[:_MOST_PROBLEMS], self.tr("and {} more").format(more))
        self.message.emit("\n".join(problems), True)
        self.transport.play.setFocus()

    def _share_room(self) -> None:
        """The timeline gets what its people need, but not more than the picture."""
        room = self._split.height()
        wanted = min(self.course.sizeHint().height(), round(room * _MOST_COURSE))
        self._split.setSizes([room - wanted, wanted])

    @Slot()
    def _on_edits(self) -> None:
        self.undo.setEnabled(self.edits.can_undo)
        self.redo.setEnabled(self.edits.can_redo)
        corrected = self.shown.corrected
        if corrected is None or corrected.corrections == self.edits.now:
            return
        recording, corrections = corrected.recording, self.edits.now

        def then(now: Corrected | None, _: str) -> None:
            shown = self.shown.corrected
            newest = shown is not None and shown.recording is recording
            if now is not None and newest and now.corrections is self.edits.now:
                self.shown.show(now)

        self._background.do(lambda: Corrected(recording, corrections), then)

    @Slot()
    def _on_shown(self) -> None:
        corrected = self.shown.corrected
        assert corrected is not None
        self._moments = Moments(corrected)
        recording = corrected.recording
        pictures = len(recording.faces.pictures)
        length = self.tr("{} pictures").format(pictures) if pictures else duration(corrected.end)
        words = [recording.folder.name, length]
        if recording.about.turned:
            words.append(self.tr("turned by {}°").format(recording.about.turned))
        self.title.set_text("  ·  ".join(words))
        self._set_note(corrected.note)
        self._show_faces()

    # The moment

    @Slot()
    def _show_faces(self) -> None:
        if self._moments is not None:
            self.stage.show_faces(self._moments.marks(self.clock.time, self.shown.person))
            picture = self._moments.picture(self.clock.time)
            if picture:
                self.stage.show_hint(picture)

    @Slot(int)
    def _step(self, step: int) -> None:
        if self._moments is not None:
            self.clock.pause()
            self.clock.go_to(self._moments.after(self.clock.time, step))

    @Slot(int)
    def _go_to_marker(self, step: int) -> None:
        now = self.clock.time
        times = [marker.time for marker in self.edits.markers]
        beyond = [t for t in times if (t > now + 1e-3 if step > 0 else t < now - 1e-3)]
        if beyond:
            self.clock.go_to(min(beyond) if step > 0 else max(beyond))

    @Slot()
    def _mark(self) -> None:
        self.panel.setCurrentWidget(self.markers)
        self.markers.mark()

    @Slot()
    def _on_replay(self) -> None:
        corrected = self.shown.corrected
        video = video_file(corrected.recording) if corrected is not None else None
        if video is not None:
            self.clock.pause()
            self.replay_requested.emit(video)
