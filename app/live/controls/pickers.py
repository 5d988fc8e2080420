"""Combo boxes for the source and the weights, which remember recent choices."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSignalBlocker, QThread, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QInputDialog, QWidget

from app.settings import RECENT_SOURCES, RECENT_WEIGHTS, SOURCE, WEIGHTS, Setting, Settings
from ml.vision.file_names import patterns

_CAMERA: Final = "camera:"
_ACTION: Final = "action:"


class _CameraSearch(QThread):
    """Asks the system for its cameras, which can take a second."""

    found = Signal(list)

    def run(self) -> None:
        from ml.vision.sources import list_cameras

        self.found.emit([camera.name for camera in list_cameras()])


class _Picker(QComboBox):
    """A remembered choice among fixed and recent values, and actions that add new ones."""

    chosen = Signal(str)

    def __init__(
        self,
        settings: Settings,
        current: Setting[str],
        recent: Setting[list[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._current = current
        self._recent = recent
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.activated.connect(self._on_activated)

    @property
    def value(self) -> str:
        return self._settings.get(self._current)

    def choose(self, value: str) -> None:
        """Make ``value`` the choice, whether it is in the list yet or not."""
        self._settings.set(self._current, value)
        if value and not value.startswith(_CAMERA):
            self._settings.remember(self._recent, value)
        self.fill()
        self.chosen.emit(value)

    def fill(self) -> None:
        """Rebuild the list, with the current choice selected."""
        with QSignalBlocker(self):
            self.clear()
            groups = [self.offers(), self._recent_offers(), self.actions_offered()]
            for n, group in enumerate(group for group in groups if group):
                if n:
                    self.insertSeparator(self.count())
                for text, value in group:
                    self.addItem(text, value)
                    self.setItemData(self.count() - 1, value, _TOOL_TIP)
            row = self.findData(self.value)
            if row < 0:
                self.insertItem(0, self.title(self.value), self.value)
                row = 0
            self.setCurrentIndex(row)
        self.setToolTip(self.value or self.currentText())

    def offers(self) -> list[tuple[str, str]]:
        """Text and value of each choice that is always listed."""
        raise NotImplementedError

    def actions_offered(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def act(self, action: str) -> None:
        raise NotImplementedError

    def title(self, value: str) -> str:
        return value if "://" in value else Path(value).name

    def _recent_offers(self) -> list[tuple[str, str]]:
        return [(self.title(value), value) for value in self._settings.get(self._recent)]

    @Slot(int)
    def _on_activated(self, row: int) -> None:
        value = self.itemData(row)
        if str(value).startswith(_ACTION):
            self.fill()
            self.act(value)
        elif value != self.value:
            self.choose(value)


_TOOL_TIP: Final = 3  # Qt.ItemDataRole.ToolTipRole, which setItemData expects as a number


class SourcePicker(_Picker):
    """Cameras by name, recent files and streams."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        self._cameras: list[str] = []
        super().__init__(settings, SOURCE, RECENT_SOURCES, parent)
        self.setAccessibleName(self.tr("Source"))
        self._search = _CameraSearch(self)
        self._search.found.connect(self._on_cameras)
        self.fill()

    def look_for_cameras(self) -> None:
        if not self._search.isRunning():
            self._search.start()

    def shut_down(self) -> bool:
        return self._search.wait(5000)

    def offers(self) -> list[tuple[str, str]]:
        cameras = [(name, _CAMERA + name) for name in self._cameras]
        return cameras or [(self.tr("Camera"), "")]

    def actions_offered(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Open a video or image…"), _ACTION + "open"),
            (self.tr("Open a stream…"), _ACTION + "stream"),
            (self.tr("Search for cameras"), _ACTION + "search"),
        ]

    def title(self, value: str) -> str:
        if value.startswith(_CAMERA):
            name = value.removeprefix(_CAMERA) or self.tr("Camera")
            return self.tr("{} (not connected)").format(name)
        return super().title(value)

    def act(self, action: str) -> None:
        if action.endswith("open"):
            path, _ = QFileDialog.getOpenFileName(
                self,
                self.tr("Open a video or image"),
                str(Path(self.value).parent) if Path(self.value).is_file() else "",
                self.tr("Videos and images ({});;All files (*)").format(patterns()),
            )
            if path:
                self.choose(path)
        elif action.endswith("stream"):
            address, ok = QInputDialog.getText(
                self, self.tr("Stream"), self.tr("Address of the stream (rtsp://… or http://…)")
            )
            if ok and address.strip():
                self.choose(address.strip())
        else:
            self.look_for_cameras()

    @Slot(list)
    def _on_cameras(self, names: list[str]) -> None:
        self._cameras = names
        if not self.value and names:
            self._settings.set(SOURCE, _CAMERA + names[0])
        self.fill()


class WeightsPicker(_Picker):
    """The bundled file and recent ones."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(settings, WEIGHTS, RECENT_WEIGHTS, parent)
        self.setAccessibleName(self.tr("Weights file"))
        self.fill()

    def offers(self) -> list[tuple[str, str]]:
        return [(self.title(""), "")]

    def title(self, value: str) -> str:
        if not value:
            return self.tr("Bundled weights")
        # Every run gives its weights the same name: its folder tells them apart.
        path = Path(value)
        return f"{path.parent.name}/{path.name}" if path.stem == "best" else path.name

    def actions_offered(self) -> list[tuple[str, str]]:
        return [(self.tr("Browse…"), _ACTION + "browse")]

    def act(self, action: str) -> None:  # noqa: ARG002 - there is only one
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Open a weights file"),
            str(Path(self.value).parent) if self.value else "",
            self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"),
        )
        if path:
            self.choose(path)
