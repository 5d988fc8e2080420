from __future__ import annotations

import gc
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import pytest
from av.stream import Disposition
from hypothesis import given
from hypothesis import strategies as st

from ml.vision.sources import open_source
from ml.vision.sources.videos import Clock
from tests.ml.vision.sources.files import (
    Picture,
    difference,
    encode,
    frames_of,
    refusal,
    write_video,
)


@pytest.mark.parametrize("rate", [10, 25, 30, 60])
@pytest.mark.parametrize(("name", "codec"), [("v.avi", "MJPG"), ("v.mp4", "mp4v")])
def test_video(tmp_path: Path, rate: int, name: str, codec: str) -> None:
    frames = frames_of(write_video(tmp_path / name, rate, 20, codec))

    assert [frame.index for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(20) / rate, atol=2e-3)
    for n, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert abs(int(frame.image.mean()) - 5 * n) < 6


def test_a_video_stays_at_its_end(tmp_path: Path) -> None:
    with open_source(str(write_video(tmp_path / "v.avi", 25, 3))) as source:
        assert not source.live
        assert not source.still
        assert source.name == "v.avi"
        while source.read():
            pass
        assert source.read() is None


def test_frames_are_not_overwritten(tmp_path: Path) -> None:
    """The window paints a frame while the next ones are read."""
    frames = frames_of(write_video(tmp_path / "v.avi", 25, 10))
    assert len({frame.image.tobytes() for frame in frames}) == 10


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
    told: tuple[float, ...], expected: tuple[float, ...] | None
) -> None:
    clock = Clock(10)
    times = [clock.time(time) for time in told]

    assert times[0] == 0
    assert all(0 < after - before < 60 for before, after in pairwise(times))
    if expected is not None:
        np.testing.assert_allclose(times, expected, atol=2e-3)


_TOLD = st.integers(-(10**9), 10**9).map(lambda n: n / 1000) | st.sampled_from([nan, inf, -inf])


@given(st.lists(_TOLD, min_size=2), st.floats())
def test_whatever_a_file_tells_time_goes_on(told: list[float], rate: float) -> None:
    clock = Clock(rate)
    times = [clock.time(time) for time in told]
    assert all(0 < after - before < 60.01 for before, after in pairwise(times))


@pytest.mark.parametrize("name", ["v.mkv", "v.webm", "v.mp4", "v.mov"])
def test_each_frame_has_its_own_time(tmp_path: Path, picture: Picture, name: str) -> None:
    times = [0.0, 0.1, 0.15, 0.5, 5.0, 5.04]
    codec = "libvpx-vp9" if name == "v.webm" else "libx264"
    path = encode(tmp_path / name, [picture] * 6, codec, times=times)
    assert [frame.time for frame in frames_of(path)] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("name", ["v.mkv", "v.ts"])
def test_time_begins_with_the_first_frame(tmp_path: Path, picture: Picture, name: str) -> None:
    path = encode(tmp_path / name, [picture] * 3, times=[70.0, 70.5, 71.5])
    assert [frame.time for frame in frames_of(path)] == pytest.approx([0, 0.5, 1.5], abs=1e-3)


def test_a_file_without_times(tmp_path: Path, picture: Picture) -> None:
    path = encode(tmp_path / "v.h264", [picture] * 5)
    assert [frame.time for frame in frames_of(path)] == pytest.approx(np.arange(5) / 25)


def test_length(tmp_path: Path, picture: Picture) -> None:
    def length(path: Path) -> float | None:
        with open_source(str(path)) as source:
            return source.length

    assert length(encode(tmp_path / "v.mp4", [picture] * 20)) == pytest.approx(0.8)
    assert length(encode(tmp_path / "v.mkv", [picture] * 20)) == pytest.approx(0.8)
    assert length(write_video(tmp_path / "v.avi", 25, 20)) == pytest.approx(0.8)
    assert length(encode(tmp_path / "v.h264", [picture] * 20)) is None
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    assert length(tmp_path / "a.png") is None


def test_numbers_in_names_are_no_pattern(tmp_path: Path, picture: Picture) -> None:
    path = encode(tmp_path / "v%03d.avi", [picture] * 3, "mjpeg", "yuvj420p")
    for n in range(9):
        cv2.imwrite(str(tmp_path / f"v{n:03}.png"), picture)
        cv2.imwrite(str(tmp_path / f"v{n:03}.avi.png"), picture)
    assert len(frames_of(path)) == 3


def test_titles_in_any_encoding(tmp_path: Path, picture: Picture) -> None:
    path = tmp_path / "v.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Portraet"
        stream = container.add_stream("mjpeg", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    content = path.read_bytes()
    assert content.count(b"Portraet") == 1
    path.write_bytes(content.replace(b"Portraet", "Porträt.".encode("latin-1")))
    assert len(frames_of(path)) == 1


# What bad input gets


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_mp4_cut_short(tmp_path: Path, share: float) -> None:
    """Its index stands at its end: nothing of it can be read."""
    path = write_video(tmp_path / "v.mp4", 25, 30, "mp4v")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "v.mp4 cannot be read as a video" in refusal(path)


def test_avi_cut_short(tmp_path: Path) -> None:
    """It is read as far as it goes, in order."""
    path = write_video(tmp_path / "v.avi", 25, 30)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.8)])
    frames = frames_of(path)
    assert 0 < len(frames) <= 30
    path.write_bytes(content[: int(len(content) * 0.01)])
    assert "v.avi" in refusal(path)


def test_video_without_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", 25, 0)
    assert "v.avi" in refusal(path)


def test_damage_in_the_middle_is_passed_over(tmp_path: Path, portrait: Picture) -> None:
    images = [np.roll(portrait[::4, ::4], 4 * n, axis=1) for n in range(40)]
    path = encode(tmp_path / "v.mp4", images, g="5", bf="0")
    content = bytearray(path.read_bytes())
    middle = content.index(b"mdat") + (content.index(b"moov") - content.index(b"mdat")) // 2
    content[middle : middle + 1500] = np.random.default_rng(0).bytes(1500)
    path.write_bytes(content)

    frames = frames_of(path)

    assert 25 < len(frames) < 41
    assert frames[-1].time == pytest.approx(39 / 25, abs=1e-3)
    assert difference(frames[-1].image, images[-1]) < 6


@pytest.mark.parametrize("name", ["v.mkv", "v.ts"])
def test_cut_short(tmp_path: Path, portrait: Picture, name: str) -> None:
    """It is read up to there, whatever was still being decoded."""
    path = encode(tmp_path / name, [portrait[::4, ::4]] * 40, g="5")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    assert 20 < len(frames_of(path)) <= 32


@pytest.mark.parametrize("cover", [False, True])
def test_sound_is_no_video(tmp_path: Path, picture: Picture, cover: bool) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", 8000, layout="mono")
        if cover:
            still = container.add_stream("mjpeg", 1)
            still.width, still.height, still.pix_fmt = 64, 48, "yuvj420p"
            still.disposition = Disposition.attached_pic
            container.mux(still.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
            container.mux(still.encode())
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 8000
        container.mux(sound.encode(silence))
        container.mux(sound.encode())
    assert "song.mp4 has sound, but no video" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile v.mkv\n#\0",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nv.mkv\n#\0\n#EXT-X-ENDLIST\n",
    ],
    ids=["concat", "m3u8"],
)
def test_a_file_opens_no_other(tmp_path: Path, picture: Picture, content: str) -> None:
    """Not even one that hides from the search for text."""
    encode(tmp_path / "v.mkv", [picture] * 9)
    (tmp_path / "list.m3u8").write_text(content)
    assert "list.m3u8" in refusal(tmp_path / "list.m3u8")


def test_files_are_closed(tmp_path: Path, picture: Picture) -> None:
    video = encode(tmp_path / "v.mkv", [picture] * 9)
    noise = tmp_path / "noise.mkv"
    noise.write_bytes(bytes(range(256)) * 9)
    with open_source(str(video)) as source:
        source.read()
        assert _is_open(video)
    refusal(noise)
    assert not _is_open(video)
    assert not _is_open(noise)


def _is_open(path: Path) -> bool:
    return any(Path(file.path) == path for file in psutil.Process().open_files())


def test_decoded_frames_wait_for_no_garbage_collector(tmp_path: Path, picture: Picture) -> None:
    path = encode(tmp_path / "v.mp4", [picture] * 40, display={"degrees": 90})
    gc.collect()
    gc.disable()
    try:
        with open_source(str(path)) as source:
            count = sum(1 for _ in source)
        kept = [thing for thing in gc.get_objects() if type(thing) is av.VideoFrame]
    finally:
        gc.enable()
    assert count == 40
    assert kept == []


# Real clips


@pytest.mark.data
@pytest.mark.parametrize("name", ["single_face.mp4", "face_noface.mov", "no_face.mp4"])
def test_real_clips(videos_path: Path, name: str) -> None:
    frames = frames_of(videos_path / name)
    steps = np.diff([frame.time for frame in frames])
    assert len(frames) > 24
    assert frames[0].time < 0.1
    assert (steps > 0).all()
    assert steps.max() < 0.2


def _with_sound(path: Path, seconds_of_sound: float) -> Path:
    """Two seconds of pictures, 10 a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 10)
        stream.width, stream.height = 64, 48
        sound = container.add_stream("aac", 48_000)
        for n in range(20):
            image = np.full((48, 64, 3), 10 * n, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        for n in range(round(seconds_of_sound * 48_000 / 1024)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, 1024 * n
            container.mux(sound.encode(frame))
        for each in (stream, sound):
            container.mux(each.encode())
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("sound", [1.0, 6.0])
def test_a_whole_file_is_not_cut_off_whatever_its_sound(
    tmp_path: Path, suffix: str, sound: float
) -> None:
    with open_source(str(_with_sound(tmp_path / f"clip{suffix}", sound))) as source:
        assert len(list(source)) == 20
        assert not source.cut_off


def test_half_a_file_is_cut_off(tmp_path: Path) -> None:
    path = _with_sound(tmp_path / "clip.mkv", 6.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with open_source(str(path)) as source:
        assert len(list(source)) > 0
        assert source.cut_off
