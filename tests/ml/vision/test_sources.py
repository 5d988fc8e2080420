from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.vision import sources
from ml.vision.analysis import Frame
from ml.vision.sources import (
    Camera,
    SourceError,
    _find_camera,
    list_cameras,
    open_source,
    opened,
    read_image,
    to_bgr,
)

Picture = npt.NDArray[np.uint8]


def _frames(path: Path) -> list[Frame]:
    with opened(str(path)) as source:
        return list(iter(source.read, None))


def _refusal(address: object) -> str:
    """What is said of a source that cannot be opened, or not be read from."""
    with pytest.raises(SourceError) as caught, opened(str(address)) as source:
        source.read()
    message = str(caught.value)
    assert "\n" not in message
    return message


def _write_video(path: Path, rate: float, count: int, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, (64, 48))
    assert writer.isOpened()
    for n in range(count):
        writer.write(np.full((48, 64, 3), 5 * n, np.uint8))
    writer.release()
    return path


@pytest.fixture
def picture() -> Picture:
    """A smooth coloured picture [48, 64, 3] that survives compression, blue at its left."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([255 - columns * 4, rows * 5, columns * 4], axis=2).astype(np.uint8)


# Videos


@pytest.mark.parametrize("rate", [10, 25, 30, 60])
@pytest.mark.parametrize(("name", "codec"), [("v.avi", "MJPG"), ("v.mp4", "mp4v")])
def test_video(tmp_path: Path, rate: int, name: str, codec: str) -> None:
    frames = _frames(_write_video(tmp_path / name, rate, 20, codec))

    assert [frame.index for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(20) / rate, atol=2e-3)
    for n, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert abs(int(frame.image.mean()) - 5 * n) < 6


def test_a_video_stays_at_its_end(tmp_path: Path) -> None:
    with opened(str(_write_video(tmp_path / "v.avi", 25, 3))) as source:
        assert not source.live
        assert not source.still
        assert source.name == "v.avi"
        while source.read():
            pass
        assert source.read() is None


def test_frames_are_not_overwritten(tmp_path: Path) -> None:
    """The window paints a frame while the next ones are read."""
    frames = _frames(_write_video(tmp_path / "v.avi", 25, 10))
    assert len({frame.image.tobytes() for frame in frames}) == 10


class _Liar:
    """A video of ten frames a second that tells other times than it has."""

    told: tuple[float, ...] = ()

    def __init__(self, *_: object) -> None:
        self.number = -1

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, object]:
        self.number += 1
        return self.number < len(self.told), np.zeros((4, 4, 3), np.uint8)

    def get(self, what: int) -> float:
        return 10.0 if what == cv2.CAP_PROP_FPS else self.told[self.number] * 1000

    def release(self) -> None:
        pass


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((0.0, 0.1, 0.15, 0.5), (0.0, 0.1, 0.15, 0.5)),
        ((0.0, 0.0, 0.0, 0.0), (0.0, 0.1, 0.2, 0.3)),
        ((0.0, 0.1, 5.0, 5.1), (0.0, 0.1, 5.0, 5.1)),  # paused
        ((0.0, 4.0, 8.0, 12.0), (0.0, 4.0, 8.0, 12.0)),
        ((0.0, 1e9, 1e9 + 0.1, 1e9 + 0.3), (0.0, 0.1, 0.2, 0.4)),
        ((5.0, 4.0, -1.0, float("nan")), None),
        ((0.0, 1e9, 0.2, float("inf")), None),
    ],
)
def test_time_never_runs_backwards(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[float, ...],
    expected: tuple[float, ...] | None,
) -> None:
    (tmp_path / "v.avi").write_bytes(b"RIFF\0")
    monkeypatch.setattr(_Liar, "told", told)
    monkeypatch.setattr(cv2, "VideoCapture", _Liar)

    times = [frame.time for frame in _frames(tmp_path / "v.avi")]

    assert len(times) == 4
    assert times[0] >= 0
    assert all(0 < after - before < 60 for before, after in pairwise(times))
    if expected is not None:
        np.testing.assert_allclose(times, expected, atol=2e-3)


def test_the_first_camera_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [Camera("Built-in", 3, 200), Camera("Studio", 5, 200)]
    monkeypatch.setattr("ml.vision.sources.list_cameras", lambda: cameras)
    assert _find_camera("") is cameras[0]
    assert _find_camera("Studio") is _find_camera("5") is cameras[1]
    with pytest.raises(SourceError, match=r"The camera Other is not plugged in\. There is: Built"):
        _find_camera("Other")


# Images


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff", ".ppm", ".jp2"])
def test_image_kinds(tmp_path: Path, picture: Picture, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(cv2.imencode(suffix, picture)[1].tobytes())

    (frame,) = _frames(path)

    assert (frame.index, frame.time) == (0, 0.0)
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image.astype(int) - picture).mean() < 6


def test_an_image_is_one_still_frame(tmp_path: Path, picture: Picture) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    with opened(str(tmp_path / "a.png")) as source:
        assert source.still
        assert not source.live
        assert source.read()
        assert source.read() is None


@pytest.mark.parametrize(
    ("make", "like"),
    [
        (lambda p: p[:, :, 1], lambda p: np.repeat(p[:, :, 1:2], 3, axis=2)),
        (lambda p: np.dstack([p, np.full((48, 64), 90, np.uint8)]), lambda p: p),
        (lambda p: p.astype(np.uint16) * 257, lambda p: p),
        (lambda p: p[:, :, 1].astype(np.uint16) * 257, lambda p: np.dstack([p[:, :, 1]] * 3)),
        (
            lambda p: np.dstack([p, np.full((48, 64), 9, np.uint8)]).astype(np.uint16) * 257,
            lambda p: p,
        ),
    ],
    ids=["grey", "4 channels", "16 bits", "16 bits grey", "16 bits 4 channels"],
)
def test_png_kinds(
    tmp_path: Path,
    picture: Picture,
    make: Callable[[Picture], npt.NDArray[Any]],
    like: Callable[[Picture], Picture],
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), make(picture))
    image = read_image(tmp_path / "a.png")
    assert np.abs(image.astype(int) - like(picture)).max() <= 1


def test_photographs_are_upright_by_their_exif(tmp_path: Path, picture: Picture) -> None:
    content = cv2.imencode(".jpg", picture)[1].tobytes()
    # A minimal EXIF block: orientation (tag 0x0112) 6, to be turned clockwise by 90°.
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])

    image = read_image(tmp_path / "a.jpg")

    assert image.shape == (64, 48, 3)
    assert np.abs(image.astype(int) - np.rot90(picture, -1)).mean() < 6


@pytest.mark.parametrize("name", ["ünïcødé 表情 😀", "with space", "100%", "#a?b=c&d", "-x", "a'b"])
def test_names_of_all_kinds(tmp_path: Path, picture: Picture, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    video = _write_video(tmp_path / "v.avi", 25, 5).rename(folder / f"{name}.avi")

    assert len(_frames(folder / f"{name}.png")) == 1
    assert len(_frames(video)) == 5


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".mp4", ""])
def test_the_content_tells_an_image_not_the_name(
    tmp_path: Path, picture: Picture, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(cv2.imencode(".webp", picture)[1].tobytes())
    assert len(_frames(path)) == 1


# Any array


@given(
    st.data(),
    st.sampled_from(
        [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float16, np.float32, np.float64, bool]
    ),
    st.sampled_from([None, 1, 2, 3, 4]),
)
def test_any_array_becomes_bgr_bytes(
    data: st.DataObject, dtype: type, channels: int | None
) -> None:
    height, width = data.draw(st.integers(1, 9)), 2 * data.draw(st.integers(1, 5))
    shape = (height, width) if channels is None else (height, width, channels)
    array = data.draw(hnp.arrays(dtype, shape))
    if data.draw(st.booleans()):
        array = array[::-1, ::-1]

    image = to_bgr(array)

    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def test_values_are_kept(picture: Picture) -> None:
    assert to_bgr(picture) is picture, "a frame that needs nothing is not copied"
    np.testing.assert_array_equal(to_bgr(picture[:, ::-1]), picture[:, ::-1])
    np.testing.assert_array_equal(to_bgr(picture.astype(np.uint16) * 257), picture)
    assert np.abs(to_bgr(picture / np.float32(255)).astype(int) - picture).max() <= 1
    np.testing.assert_array_equal(to_bgr(picture.astype(np.int16)), picture)


def test_yuyv_is_decoded() -> None:
    """Grey of brightness 126 (of 16 to 235) in YUYV: half of white."""
    yuyv = np.dstack([np.full((4, 6), 126, np.uint8), np.full((4, 6), 128, np.uint8)])
    assert np.abs(to_bgr(yuyv).astype(int) - 128).max() <= 1


@pytest.mark.parametrize("shape", [(4, 4, 5), (4, 4, 0), (4, 5, 2)])
def test_unknown_channels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="channels"):
        to_bgr(np.zeros(shape, np.uint8))


# What bad input gets


def test_missing_file(tmp_path: Path) -> None:
    assert "There is no file" in _refusal(tmp_path / "gone.mp4")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder" in _refusal(tmp_path)


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a"])
def test_zero_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "is empty (0 bytes)" in _refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.avi", "notes.txt", "notes.jpg", "notes"])
def test_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("These are my notes.\n" * 100)
    message = _refusal(tmp_path / name)
    assert f"{name} is a text file, not a video" in message


def test_noise_named_as_a_video(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    assert "noise.mp4 is not a video that can be read" in _refusal(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    path = _write_video(tmp_path / "v.avi", 25, 3)
    path.chmod(0)
    assert "may not be read" in _refusal(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_mp4_cut_short(tmp_path: Path, share: float) -> None:
    """Its index stands at its end: nothing of it can be read."""
    path = _write_video(tmp_path / "v.mp4", 25, 30, "mp4v")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "v.mp4 is not a video that can be read" in _refusal(path)


def test_avi_cut_short(tmp_path: Path) -> None:
    """It is read as far as it goes, in order."""
    path = _write_video(tmp_path / "v.avi", 25, 30)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.8)])
    frames = _frames(path)
    assert 0 < len(frames) <= 30
    path.write_bytes(content[: int(len(content) * 0.01)])
    assert "v.avi" in _refusal(path)


def test_video_without_frames(tmp_path: Path) -> None:
    path = _write_video(tmp_path / "v.avi", 25, 0)
    assert "v.avi" in _refusal(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_images_cut_short(tmp_path: Path, picture: Picture, suffix: str, share: float) -> None:
    content = cv2.imencode(suffix, picture)[1].tobytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content[: int(len(content) * share)])
    assert f"a{suffix}" in _refusal(path)


@pytest.mark.parametrize("side", [32_000, 200_000, 2**31 - 1])
def test_images_that_claim_to_be_huge(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    path = tmp_path / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )
    assert "huge.png is damaged" in _refusal(path)


@pytest.mark.parametrize(
    "address", ["", "~nobody-of-this-name/a.mp4", "a" * 5000, "a\0b", "camera:", "999", "²", "-1"]
)
def test_addresses_of_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "enumerate_cameras", lambda _: [])
    _refusal(address)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30).filter(lambda text: "://" not in text))
def test_any_address_is_opened_or_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(sources, "enumerate_cameras", lambda _: [])
    monkeypatch.chdir(tmp_path_factory.getbasetemp())
    with suppress(SourceError):
        open_source(address).close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([".png", ".jpg", ".avi", ".webp"]), st.binary(max_size=60), st.integers(0, 4000)
)
def test_spoilt_files_are_read_or_refused(
    tmp_path: Path, suffix: str, noise: bytes, position: int
) -> None:
    path = tmp_path / f"pristine{suffix}"
    if not path.exists():
        if suffix == ".avi":
            _write_video(path, 25, 5)
        else:
            cv2.imwrite(str(path), np.full((40, 40, 3), 77, np.uint8))
    content = bytearray(path.read_bytes())
    content[position : position + len(noise)] = noise
    spoilt = tmp_path / f"spoilt{suffix}"
    spoilt.write_bytes(content)
    with suppress(SourceError):
        for frame in _frames(spoilt):
            assert frame.image.ndim == 3
            assert frame.image.shape[2] == 3


def test_no_stream_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/live.mp4"
        assert f"No stream answers at {address}" in _refusal(address)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt"])
def test_a_playlist_on_disk_opens_no_connection(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        (tmp_path / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n")
        assert name in _refusal(tmp_path / name)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such file")
@pytest.mark.parametrize("first", ["", "import cv2; "])
def test_broken_files_leave_stderr_alone(tmp_path: Path, first: str) -> None:
    """OpenCV and FFmpeg tell of them in their own words, also when imported before."""
    cut = _write_video(tmp_path / "cut.mp4", 25, 30, "mp4v")
    cut.write_bytes(cut.read_bytes()[:-500])
    notes = tmp_path / "notes.mp4"
    notes.write_bytes(b"These are my notes.\0\n" * 100)
    short = tmp_path / "short.jpg"
    short.write_bytes(cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:400])
    avi = _write_video(tmp_path / "v.avi", 25, 30)
    avi.write_bytes(avi.read_bytes()[:9000])
    code = f"""{first}
import sys
from ml.vision.sources import SourceError, opened
for path in sys.argv[1:]:
    try:
        with opened(path) as source:
            while source.read():
                pass
    except SourceError as error:
        print(error)
"""
    command = [sys.executable, "-c", code, cut, notes, short, avi]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert all(path.name in done.stdout for path in (cut, notes, short))


# Cameras


@dataclass
class _Info:
    name: str
    index: int
    backend: int = cv2.CAP_V4L2


class _FakeCapture:
    """A camera that gives ``pictures``; closed when there are none."""

    pictures: tuple[object, ...] = ()
    opened: tuple[object, ...] = ()

    def __init__(self, *what: object) -> None:
        type(self).opened = what
        self.left = list(self.pictures)

    def isOpened(self) -> bool:
        return bool(self.pictures)

    def read(self) -> tuple[bool, object]:
        return (True, self.left.pop(0)) if self.left else (False, None)

    def set(self, *_: object) -> bool:
        return True

    def release(self) -> None:
        pass


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [_Info("USB Camera", 2), _Info("Built-in", 0), _Info("USB Camera", 4)]
    monkeypatch.setattr(sources, "enumerate_cameras", lambda _: infos)


@pytest.mark.usefixtures("cameras")
def test_cameras_of_one_name_are_told_apart() -> None:
    assert list_cameras() == [
        Camera("Built-in", 0, cv2.CAP_V4L2),
        Camera("USB Camera", 2, cv2.CAP_V4L2),
        Camera("USB Camera #2", 4, cv2.CAP_V4L2),
    ]


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize(
    ("address", "index", "name"),
    [
        ("camera:USB Camera #2", 4, "USB Camera #2"),
        ("camera:Built-in", 0, "Built-in"),
        ("2", 2, "USB Camera"),
        ("camera:4", 4, "USB Camera #2"),
    ],
)
def test_a_camera_is_opened_by_name_or_number(
    monkeypatch: pytest.MonkeyPatch, picture: Picture, address: str, index: int, name: str
) -> None:
    monkeypatch.setattr(_FakeCapture, "pictures", (picture, picture[:, :, 0]))
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    with opened(address) as source:
        assert source.live
        assert source.name == name
        first, second = source.read(), source.read()
        assert _FakeCapture.opened == (index, cv2.CAP_V4L2)
        assert first is not None
        assert second is not None
        assert second.image.shape == (48, 64, 3)
        assert (first.index, second.index) == (0, 1)
        assert 0 <= first.time <= second.time
        with pytest.raises(SourceError, match=rf"{name} stopped sending pictures"):
            source.read()


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize("nothing", [None, np.empty((0, 0, 3), np.uint8)], ids=["None", "empty"])
def test_a_camera_that_gives_nothing(monkeypatch: pytest.MonkeyPatch, nothing: object) -> None:
    monkeypatch.setattr(_FakeCapture, "pictures", (nothing,))
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    assert "stopped sending pictures" in _refusal("camera:Built-in")


def test_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "enumerate_cameras", lambda _: [])
    assert list_cameras() == []
    assert "No camera was found" in _refusal("camera:USB Camera")
    assert "No camera was found" in _refusal("0")


@pytest.mark.usefixtures("cameras")
def test_an_unplugged_camera_is_named_and_so_are_the_others() -> None:
    message = _refusal("camera:Old Camera")
    assert "Old Camera is not plugged in" in message
    assert "Built-in, USB Camera, USB Camera #2" in message


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize(
    ("platform", "exists", "allowed", "words"),
    [
        ("linux", True, False, ["/dev/video0", "usermod -aG video"]),
        ("linux", True, True, ["Built-in is busy"]),
        ("linux", False, False, ["Built-in is busy"]),
        ("darwin", False, False, ["System Settings", "Camera"]),
        ("win32", False, False, ["Built-in is busy"]),
    ],
)
def test_why_a_camera_does_not_open(
    monkeypatch: pytest.MonkeyPatch, platform: str, exists: bool, allowed: bool, words: list[str]
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "exists", lambda _: exists)
    monkeypatch.setattr(os, "access", lambda *_: allowed)
    message = _refusal("camera:Built-in")
    assert all(word in message for word in words)


# Real clips


@pytest.mark.data
@pytest.mark.parametrize("name", ["single_face.mp4", "face_noface.mov", "no_face.mp4"])
def test_real_clips(videos_path: Path, name: str) -> None:
    frames = _frames(videos_path / name)
    steps = np.diff([frame.time for frame in frames])
    assert len(frames) > 24
    assert frames[0].time < 0.1
    assert (steps > 0).all()
    assert steps.max() < 0.2
