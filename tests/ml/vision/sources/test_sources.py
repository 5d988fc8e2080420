from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.vision.sources import SourceError, cameras, open_source
from tests.ml.vision.sources.files import Picture, frames_of, refusal, write_video


@pytest.mark.parametrize("name", ["ünïcødé 表情 😀", "with space", "100%", "#a?b=c&d", "-x", "a'b"])
def test_names_of_all_kinds(tmp_path: Path, picture: Picture, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    video = write_video(tmp_path / "v.avi", 25, 5).rename(folder / f"{name}.avi")

    assert len(frames_of(folder / f"{name}.png")) == 1
    assert len(frames_of(video)) == 5


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".mp4", ""])
def test_the_content_tells_an_image_not_the_name(
    tmp_path: Path, picture: Picture, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(cv2.imencode(".webp", picture)[1].tobytes())
    assert len(frames_of(path)) == 1


# What bad input gets


def test_missing_file(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "gone.mp4")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a"])
def test_zero_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.avi", "notes.txt", "notes.jpg", "notes"])
def test_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("These are my notes.\n" * 100)
    message = refusal(tmp_path / name)
    assert f"{name} is a text file, not a video" in message


def test_noise_named_as_a_video(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    assert "noise.mp4 cannot be read as a video" in refusal(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", 25, 3)
    path.chmod(0)
    assert "permission denied" in refusal(path)


@pytest.mark.parametrize(
    "address", ["", "~nobody-of-this-name/a.mp4", "a" * 5000, "a\0b", "camera:", "999", "²", "-1"]
)
def test_addresses_of_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "enumerate_cameras", lambda _: [])
    refusal(address)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30).filter(lambda text: "://" not in text))
def test_any_address_is_opened_or_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(cameras, "enumerate_cameras", lambda _: [])
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
            write_video(path, 25, 5)
        else:
            cv2.imwrite(str(path), np.full((40, 40, 3), 77, np.uint8))
    content = bytearray(path.read_bytes())
    content[position : position + len(noise)] = noise
    spoilt = tmp_path / f"spoilt{suffix}"
    spoilt.write_bytes(content)
    with suppress(SourceError):
        for frame in frames_of(spoilt):
            assert frame.image.ndim == 3
            assert frame.image.shape[2] == 3


def test_no_stream_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/live.mp4"
        assert f"No stream responds at {address}" in refusal(address)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt"])
def test_a_playlist_on_disk_opens_no_connection(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        (tmp_path / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n")
        assert name in refusal(tmp_path / name)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such file")
@pytest.mark.parametrize("first", ["", "import cv2; "])
def test_broken_files_leave_stderr_alone(tmp_path: Path, first: str) -> None:
    """OpenCV and FFmpeg tell of them in their own words, also when imported before."""
    cut = write_video(tmp_path / "cut.mp4", 25, 30, "mp4v")
    cut.write_bytes(cut.read_bytes()[:-500])
    notes = tmp_path / "notes.mp4"
    notes.write_bytes(b"These are my notes.\0\n" * 100)
    short = tmp_path / "short.jpg"
    short.write_bytes(cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:400])
    avi = write_video(tmp_path / "v.avi", 25, 30)
    avi.write_bytes(avi.read_bytes()[:9000])
    code = f"""{first}
import sys
from ml.vision.sources import SourceError, open_source
for path in sys.argv[1:]:
    try:
        with open_source(path) as source:
            while source.read():
                pass
    except SourceError as error:
        print(error)
"""
    command = [sys.executable, "-c", code, cut, notes, short, avi]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert all(path.name in done.stdout for path in (cut, notes, short))
