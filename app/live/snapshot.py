"""Snapshots of what is shown: the picture, the probabilities, the timeline; to files or copied."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QObject,
    QPoint,
    QRect,
    Qt,
    QThread,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QGuiApplication,
    QImage,
    QImageWriter,
    QKeySequence,
    QPainter,
    QShortcut,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton

from app.live.consumer_base import Consumer, Live
from app.live.recording.folders import recordings_folder
from app.live.subject import Subject
from app.settings import SNAPSHOTS_FOLDER
from app.theme import current_theme
from ml.files import replacing

_SCALE: Final = 2
"""Pixels of a picture for each on screen: it may be printed."""
_SHORTCUTS: Final = ("Ctrl+Shift+C", "Ctrl+Shift+S")
"""To copy and to save the first subject, the picture."""
_STOP_MS: Final = 10_000


class Snapshot(QObject, Consumer):
    """The button beside Record. Nothing is stored unless it is asked for."""

    def __init__(self, live: Live) -> None:
        """Takes the place of the last consumer: the others have added their subjects."""
        super().__init__(live.session)
        self._session, self._settings, self._view = live.session, live.settings, live.view
        self._savers: list[_Saver] = []
        self.actions: list[tuple[Subject, QAction]] = []
        menu = QMenu(live.view)
        for subject in live.subjects:
            copy = menu.addAction(self.tr("Copy {}").format(subject.name))
            save = menu.addAction(self.tr("Save {}…").format(subject.name))
            copy.triggered.connect(partial(self._copy, subject))
            save.triggered.connect(partial(self._save, subject))
            self.actions += [(subject, copy), (subject, save)]
        for (_, action), keys in zip(self.actions, _SHORTCUTS, strict=False):
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            live.view.addAction(action)
        copy_picture = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), live.view)
        copy_picture.setContext(Qt.ShortcutContext.WidgetShortcut)  # texts have it elsewhere
        copy_picture.activated.connect(self.actions[0][1].trigger)
        self.button = QPushButton(self.tr("Snapshot"))
        self.button.setObjectName("snapshot")
        self.button.setToolTip(self.tr("Copy or save what is shown."))
        self.button.setMenu(menu)
        menu.aboutToShow.connect(self._show_what_there_is)
        live.buttons.addWidget(self.button)

    def shut_down(self) -> bool:
        return all(saver.wait(_STOP_MS) for saver in self._savers)

    @Slot()
    def _show_what_there_is(self) -> None:
        for subject, action in self.actions:
            action.setEnabled(not subject.area().isEmpty())

    # What the user does

    def _copy(self, subject: Subject) -> None:
        if not subject.area().isEmpty():
            QGuiApplication.clipboard().setImage(_image(subject))
            self._session.message.emit(self.tr("The {} was copied.").format(subject.name), False)

    def _save(self, subject: Subject) -> None:
        if subject.area().isEmpty():
            return
        # As it is now, not as it will be when the question is answered.
        image, drawing = _image(subject), _drawing(subject) if subject.drawn else b""
        now = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
        proposed = self._folder / f"{now} {subject.name}.png"
        kinds = {".png": self.tr("Picture (*.png)")}
        if subject.drawn:
            kinds[".svg"] = self.tr("Drawing (*.svg)")
        name, kind = QFileDialog.getSaveFileName(
            self._view,
            self.tr("Save snapshot"),
            str(proposed),
            ";;".join(kinds.values()),
        )
        if not name:
            return
        path = Path(name)
        if path.suffix.lower() not in kinds:
            path = path.with_name(path.name + (".svg" if kind == kinds.get(".svg") else ".png"))
            if path.exists():  # it was asked about the name without
                text = self.tr("{} is there already. Choose another name.")
                self._session.message.emit(text.format(path), True)
                return
        saver = _Saver(path, drawing if path.suffix.lower() == ".svg" else image, self)
        saver.saved.connect(self._on_saved)
        saver.finished.connect(self._on_finished)
        self._savers.append(saver)
        saver.start()
        self._settings.set(SNAPSHOTS_FOLDER, str(path.parent))

    @property
    def _folder(self) -> Path:
        """The last one, else that of the recordings; as far as it is there, for the dialog."""
        last = self._settings.get(SNAPSHOTS_FOLDER)
        folder = Path(last) if last else recordings_folder(self._settings)
        return next(part for part in (folder, *folder.parents) if part.is_dir())

    @Slot(str, bool)
    def _on_saved(self, text: str, serious: bool) -> None:
        self._session.message.emit(text, serious)

    @Slot()
    def _on_finished(self) -> None:
        for saver in [saver for saver in self._savers if saver.isFinished()]:
            self._savers.remove(saver)
            saver.deleteLater()


def _image(subject: Subject) -> QImage:
    area = subject.area()
    image = QImage(area.size() * _SCALE, QImage.Format.Format_RGB32)
    image.fill(QColor(current_theme().surface))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.scale(_SCALE, _SCALE)
    painter.translate(-QPoint(area.topLeft()))
    subject.paint(painter)
    painter.end()
    return image


def _drawing(subject: Subject) -> bytes:
    """As SVG."""
    area = subject.area()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    # Otherwise its text is too small for its lines.
    generator.setResolution(round(QGuiApplication.primaryScreen().logicalDotsPerInchX()))
    generator.setSize(area.size())
    generator.setViewBox(QRect(QPoint(), area.size()))
    generator.setTitle(subject.name)
    painter = QPainter(generator)
    painter.translate(-QPoint(area.topLeft()))
    subject.paint(painter)
    painter.end()
    return bytes(buffer.data().data())


class _Saver(QThread):
    """Compresses and writes, which takes longer than the window may wait."""

    saved = Signal(str, bool)
    """For the user, and whether it failed."""

    def __init__(self, path: Path, content: QImage | bytes, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("snapshot")
        self._path, self._content = path, content

    def run(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as file:
                file.write(self._bytes())
        except OSError as error:
            why = error.strerror or error
            self.saved.emit(
                self.tr("{} cannot be written: {}. Choose another folder.").format(self._path, why),
                True,
            )
        else:
            self.saved.emit(self.tr("Saved as {}").format(self._path), False)

    def _bytes(self) -> bytes:
        if isinstance(self._content, bytes):
            return self._content
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QImageWriter(buffer, QByteArray(b"png"))
        if not writer.write(self._content):
            raise OSError(writer.errorString())
        return bytes(buffer.data().data())
