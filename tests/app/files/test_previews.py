from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.files import previews as previews_module
from app.files.previews import SIZE, Previews
from ml.batch.items import Item, Kind

_LONG = 20_000


@pytest.fixture
def previews() -> Iterator[Previews]:
    previews = Previews()
    yield previews
    assert previews.shut_down()


def item(path: Path, kind: Kind = Kind.VIDEO) -> Item:
    return Item(kind, (path,), PurePath(path.name))


def shown(previews: Previews, of: Item, qtbot: QtBot) -> QImage:
    qtbot.waitUntil(lambda: previews.picture(of) is not None, timeout=_LONG)
    image = previews.picture(of)
    assert image is not None
    return image


def colour(image: QImage, x: float, y: float) -> npt.NDArray[np.int64]:
    """BGR at a part of the width and height."""
    pixel = image.pixelColor(int(x * (image.width() - 1)), int(y * (image.height() - 1)))
    return np.array([pixel.blue(), pixel.green(), pixel.red()])


def test_a_picture_is_shrunk(
    qtbot: QtBot, previews: Previews, tmp_path: Path, portrait: npt.NDArray[np.uint8]
) -> None:
    path = tmp_path / "Größe %20 #1.png"
    cv2.imencode(".png", portrait)[1].tofile(path)
    image = shown(previews, item(path, Kind.PICTURES), qtbot)
    assert image.height() == 2 * SIZE.height()
    assert image.width() == image.height()  # as the portrait
    small = cv2.resize(portrait, (88, 88), interpolation=cv2.INTER_AREA)
    for x, y in ((0.25, 0.25), (0.5, 0.3), (0.9, 0.9)):
        expected = small[int(y * 87), int(x * 87)].astype(int)
        assert np.abs(colour(image, x, y) - expected).max() <= 1


def test_a_video_shows_its_first_frame_that_shows_something(
    qtbot: QtBot, previews: Previews, tmp_path: Path, portrait: npt.NDArray[np.uint8]
) -> None:
    path = tmp_path / "fade.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 256, 128
        for n in range(12):
            picture = np.zeros((128, 256, 3), np.uint8)
            if n >= 8:
                picture[:] = portrait[:128, :256]
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    image = shown(previews, item(path), qtbot)
    assert image.width() == 2 * SIZE.width()
    assert colour(image, 0.5, 0.5).max() > 60


def test_lengths_are_told(qtbot: QtBot, previews: Previews, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    lengths: dict[str, float | None] = {}
    previews.measured.connect(lambda item, seconds: lengths.update({item.name: seconds}))
    previews.measure([item(broken), item(clip), item(tmp_path, Kind.PICTURES)])
    qtbot.waitUntil(lambda: len(lengths) == 2, timeout=_LONG)
    assert lengths == {"broken.mp4": None, "clip.avi": pytest.approx(1.0, abs=0.1)}


@pytest.mark.parametrize("content", [None, b"", b"no video", b"\x89PNG\r\n\x1a\n"])
def test_what_cannot_be_read_has_none(
    qtbot: QtBot, previews: Previews, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    assert shown(previews, item(path), qtbot).isNull()


def test_an_unexpected_error_ends_nothing(
    qtbot: QtBot, previews: Previews, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("driver")

    with monkeypatch.context() as patched:
        patched.setattr(previews_module, "_length", fail)
        with qtbot.waitSignal(previews.measured, timeout=_LONG):
            previews.measure([item(clip)])
    assert not shown(previews, item(clip), qtbot).isNull()


def test_few_are_kept(
    qtbot: QtBot, previews: Previews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one shown last is among them."""
    monkeypatch.setattr(previews_module, "_KEPT", 2)
    first, second, third = (item(tmp_path / name) for name in "abc")
    for one in (first, second, first, third):
        shown(previews, one, qtbot)
    assert previews.picture(first) is not None
    assert previews.picture(second) is None
