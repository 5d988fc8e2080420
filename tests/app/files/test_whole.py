"""A folder as people have it, through the window and the command line, with the same results."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, ImageOps
from pytestqt.qtbot import QtBot

from app.files.entry import State
from app.files.tab import FilesTab
from app.settings import FILES_FOLDER, FILES_INTERVAL, FILES_VIEWS, Settings
from ml.recording.recording import read_recording
from tests.ml.vision.sources.files import Picture
from tests.ml.vision.sources.heic import write_heic

pytestmark = pytest.mark.data

_INTERVAL = 0.2
_PICTURES = 50
_BROKEN = 10
Change = Callable[[Image.Image], Image.Image]

_KINDS: dict[str, Change] = {
    ".jpg": lambda i: i,
    " cmyk.jpg": lambda i: i.convert("CMYK"),
    " grey.png": lambda i: i.convert("L"),
    " palette.png": lambda i: i.quantize(200),
    " transparent.webp": lambda i: i.convert("RGBA"),
    " 16 bit.png": lambda i: Image.fromarray(np.asarray(i.convert("L")).astype(np.uint16) * 257),
    ".bmp": lambda i: i,
    ".tif": lambda i: i,
    ".avif": lambda i: i,
    ".jp2": lambda i: i,
    ".gif": lambda i: i.quantize(200),
    " 100 % #1.ppm": lambda i: i,
}
_SIDES = (0, 90, 180, 270)


@pytest.fixture
def study(tmp_path: Path, videos_path: Path, portrait: Picture) -> Path:
    folder = tmp_path / "Studie 1 – 測試"
    shutil.copytree(videos_path, folder / "clips", ignore=shutil.ignore_patterns("*.md"))
    shutil.copy(videos_path / "single_face.mp4", folder / "clips" / "زوج %d.mp4")
    (folder / "clips" / "loop").symlink_to(folder, target_is_directory=True)
    pictures = folder / "pictures"
    pictures.mkdir()
    photograph = Image.fromarray(portrait[:, :, ::-1]).resize((256, 256))
    write_heic(pictures / "iphone.heic", np.ascontiguousarray(portrait[::2, ::2]))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90° clockwise
    photograph.rotate(90).save(pictures / "exif.jpg", exif=exif)
    made = 2
    while made < _PICTURES:
        kind, change = list(_KINDS.items())[made % len(_KINDS)]
        side = _SIDES[made // len(_KINDS) % len(_SIDES)]
        change(photograph.rotate(side)).save(pictures / f"{made:02}{kind}")
        made += 1
    _break(folder / "broken", photograph, videos_path)
    (folder / "notes.txt").write_text("not for analysis")
    (folder / ".hidden.jpg").write_bytes(b"hidden")
    return folder


def _break(folder: Path, photograph: Image.Image, videos: Path) -> None:
    folder.mkdir()
    ImageOps.expand(photograph, 300).save(folder / "cut.jpg")
    clip = (videos / "single_face.mp4").read_bytes()
    whole = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "document.png").write_bytes(b"%PDF-1.7 no picture")
    (folder / "noise.tif").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "empty.mp4").touch()
    (folder / "cut.mp4").write_bytes(clip[: len(clip) // 3])
    (folder / "text.avi").write_text("no video")
    with zipfile.ZipFile(folder / "archive.mkv", "w") as archive:
        archive.writestr("a.mp4", clip)
    (folder / "gone.mov").symlink_to(folder / "nothing")


def _faces(results: Path) -> dict[str, bytes]:
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in results.rglob("faces.csv")
        if ".unfinished" not in path.parts
    }


@pytest.mark.timeout(300)
def test_window_and_command_line_agree_and_survive_a_kill(
    study: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_command = tmp_path / "by command"
    command = [sys.executable, "-m", "ml", "analyze", str(study), "--out", str(by_command)]
    ended = subprocess.run(
        [*command, "--views", "1", "--interval", str(_INTERVAL)],
        capture_output=True,
        encoding="utf-8",
    )
    assert ended.returncode == 1
    for path in (study / "broken").iterdir():
        assert str(path) in ended.stderr, path.name
    assert f"{_BROKEN} could not be analysed" in ended.stderr
    assert "notes.txt is neither" in ended.stderr
    assert "hidden" not in ended.stderr

    by_window = tmp_path / "by window"
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-m", "ml"])
    settings = Settings(tmp_path / "settings.ini")
    settings.set(FILES_FOLDER, str(by_window))
    settings.set(FILES_INTERVAL, _INTERVAL)
    settings.set(FILES_VIEWS, 1)
    tab = FilesTab(settings)
    qtbot.addWidget(tab)
    tab.show()
    tab.add([study])
    qtbot.waitUntil(tab.button.isEnabled, timeout=20_000)
    tab.button.click()
    qtbot.waitUntil(lambda: any(e.progress for e in tab.queue.entries), timeout=60_000)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    qtbot.waitUntil(lambda: not tab.queue.running, timeout=120_000)
    died = [e for e in tab.queue.entries if "ended unexpectedly" in e.reason]
    assert died
    tab.queue.repeat(died)
    tab.button.click()
    qtbot.waitUntil(lambda: not tab.queue.running, timeout=120_000)
    entries = tab.queue.entries
    assert tab.shut_down()

    assert _faces(by_window) == _faces(by_command)
    assert len(_faces(by_window)) == 6, "four videos, and pictures in two folders"
    failed = {e.item.name for e in entries if e.state is State.FAILED}
    assert failed == {"empty.mp4", "cut.mp4", "text.avi", "archive.mkv", "broken"}
    pictures = read_recording(by_window / study.name / "pictures" / "pictures (pictures)")
    assert len(pictures.faces.pictures) == _PICTURES
    assert (pictures.faces.person == 1).sum() == _PICTURES, "a face in each"
    assert {file.turned for file in pictures.faces.pictures.values()} == set(_SIDES)
