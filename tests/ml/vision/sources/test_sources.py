from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.vision.sources import SourceError, cameras, is_animated, open_source, read_image
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
    assert f"{name} is a text file, not a video or image" in message


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.gif", "a"])
@pytest.mark.parametrize("kind", ["PDF document", "zip archive", "database"])
def test_files_of_other_kinds(tmp_path: Path, name: str, kind: str) -> None:
    if kind == "zip archive":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("notes.txt", "My notes.")
    elif kind == "database":
        with closing(sqlite3.connect(tmp_path / name)) as database:
            database.execute("CREATE TABLE notes (text)")
    else:
        (tmp_path / name).write_bytes(b"%PDF-1.7\n%\xb5\xed\xae\xfb\0\n" * 50)
    assert f"{name} is a {kind}" in refusal(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="few users may make links")
def test_links(tmp_path: Path, picture: Picture) -> None:
    link = tmp_path / "a.png"
    link.symlink_to(tmp_path / "gone.png")
    assert "a.png is a link to a file that is not there" in refusal(link)
    cv2.imwrite(str(tmp_path / "gone.png"), picture)
    assert len(frames_of(link)) == 1
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    assert "loop.png" in refusal(loop)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.gif")
    assert "not a file" in refusal(tmp_path / "a.gif")
    assert not is_animated(tmp_path / "a.gif")


def test_images_are_refused_as_sources_are(tmp_path: Path) -> None:
    """read_image may be given any path."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("These are my notes.\n" * 100)
    video = write_video(tmp_path / "v.avi", 25, 3)
    for path, reason in {
        tmp_path: "is a folder",
        tmp_path / "gone.png": "There is no file",
        tmp_path / "empty.png": "is empty",
        tmp_path / "notes.png": "notes.png is a text file, not an image",
        video: "v.avi is not an image",
    }.items():
        with pytest.raises(SourceError, match=reason):
            read_image(path)


def test_a_file_that_others_took_away(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the looking and the reading."""
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    monkeypatch.setattr("ml.vision.sources.images.check", os.remove)
    with pytest.raises(SourceError, match=r"a\.png cannot be read: No such file"):
        read_image(tmp_path / "a.png")


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
    strips = tmp_path / "strips.tiff"
    strips.write_bytes(cv2.imencode(".tiff", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:-300])
    odd = tmp_path / "odd.jpg"  # with EXIF that ends too early
    whole = cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"
    odd.write_bytes(whole[:2] + b"\xff\xe1\0" + bytes([2 + len(exif)]) + exif + whole[2:])
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
    command = [sys.executable, "-c", code, cut, notes, short, strips, odd, avi]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert all(path.name in done.stdout for path in (cut, notes, short, strips))
