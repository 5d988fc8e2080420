from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.cli import main
from ml.expressions import LABELS

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory, portrait: Picture) -> Path:
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    cv2.imwrite(str(path), portrait)
    return path


def _predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments), "--device", "cpu"])


def _python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_table(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _predict(photo) == 0

    out, err = capsys.readouterr()
    heading, line = out.splitlines()
    assert heading.split() == ["file", "time", "face", "expression", "conf.", *LABELS]
    name, time, track, expression, sure, *shares = line.split()
    assert (name, float(time), track, expression) == ("portrait.png", 0, "1", "happy")
    assert len(shares) == 7
    assert sure == max(shares, key=lambda share: int(share.rstrip("%")))
    assert err == ""


def test_json(photo: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _predict(photo, clip, "--json") == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    still, *moving = rows
    assert still["path"] == str(photo)
    assert still["expression"] == "happy"
    assert still["confidence"] == max(still["probabilities"].values())
    assert tuple(still["probabilities"]) == LABELS
    assert sum(still["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert 160 < still["x"] < 200
    assert 100 < still["height"] < 135

    assert {row["path"] for row in moving} == {str(clip)}
    times = [row["time"] for row in moving]
    assert times == sorted(set(times)), "one face in each frame"
    assert len(times) >= 18
    assert max(times) < 0.7, "it is gone in the last third"
    assert len({row["track"] for row in moving}) == 1
    assert moving[-1]["x"] - moving[0]["x"] > 20, "it moves to the right"


def test_csv(photo: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _predict(photo, "--json") == 0
    (as_json,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert _predict(photo, clip, "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert len(rows) > 10
    probabilities = as_json.pop("probabilities")
    assert rows[0] == {name: str(value) for name, value in (as_json | probabilities).items()}


def test_interval(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _predict(clip, "--json", "--interval", 0) == 0
    every = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert _predict(clip, "--json", "--interval", 100) == 0
    once = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [row["x"] for row in every] == [row["x"] for row in once]
    assert len({str(row["probabilities"]) for row in every}) > 5
    assert len({str(row["probabilities"]) for row in once}) == 1


def test_smoothing(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = []
    for seconds in (0, 1):
        assert _predict(clip, "--json", "--smoothing", seconds) == 0
        lines = capsys.readouterr().out.splitlines()
        happy = [json.loads(line)["probabilities"]["happy"] for line in lines]
        changes.append(np.abs(np.diff(happy)).sum())
    assert changes[1] < changes[0] / 2


def test_quality_tells_a_blurred_face(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blurred = tmp_path / "blurred.png"
    cv2.imwrite(str(blurred), cv2.GaussianBlur(cv2.imread(str(photo)), (0, 0), 7))
    assert _predict(photo, blurred, "--json") == 0
    sharp, poor = (json.loads(line)["quality"] for line in capsys.readouterr().out.splitlines())
    assert sharp > 0.95 > 0.9 > poor


def test_no_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 90, np.uint8))
    assert _predict(tmp_path / "grey.png", "--json") == 0
    assert capsys.readouterr() == ("", "")


def test_a_bad_file_is_named_and_the_others_are_read(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes, gone = tmp_path / "notes.mp4", tmp_path / "gone.png"
    notes.write_text("These are my notes.")

    assert _predict(notes, photo, gone, photo, "--json") == 1

    out, err = capsys.readouterr()
    assert [json.loads(line)["path"] for line in out.splitlines()] == [str(photo)] * 2
    lines = err.splitlines()
    assert len(lines) == 3
    assert "notes.mp4" in lines[0]
    assert "gone.png" in lines[1]
    assert "2 of 4 files could not be read" in lines[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weights", "nowhere.safetensors"], "no weights file nowhere.safetensors"),
        (["--device", "abacus"], "abacus is not available"),
    ],
)
def test_wrong_arguments_are_told(
    photo: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(photo), *arguments]) == 1
    out, err = capsys.readouterr()
    assert words in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_the_command_itself(tmp_path: Path, photo: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0" * 5000)
    command = [sys.executable, "-m", "ml", "predict", photo, bad, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert json.loads(done.stdout)["expression"] == "happy"
    first, second = done.stderr.splitlines()
    assert first.startswith("bad.mp4 cannot be read as a video")
    assert "1 of 2 files" in second


def test_no_qt_and_no_network(photo: Path, clip: Path) -> None:
    done = _python(
        """
import sys

def forbid(event, arguments):
    if event in {"socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.bind"}:
        raise AssertionError(f"{event} {arguments}")

sys.addaudithook(forbid)
from ml.cli import main
status = main(["predict", *sys.argv[1:], "--json", "--interval", "10"])
print(sorted(name for name in sys.modules if name.startswith("PySide6")), file=sys.stderr)
raise SystemExit(status)
""",
        photo,
        clip,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
    assert len(done.stdout.splitlines()) > 10


# Real clips


def _rows(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert _predict(path, "--json") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.data
def test_single_face(videos_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neutral at the start, happy in the middle; one person throughout."""
    rows = _rows(videos_path / "single_face.mp4", capsys)
    assert len({row["time"] for row in rows}) == len(rows)
    assert len({row["track"] for row in rows}) == 1

    def usual(part: list[dict[str, object]]) -> object:
        names = [row["expression"] for row in part]
        return max(set(names), key=names.count)

    middle = len(rows) // 2
    assert usual(rows[:8]) == "neutral"
    assert usual(rows[middle - 4 : middle + 4]) == "happy"


@pytest.mark.data
def test_group_photograph(videos_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = _rows(videos_path / "multi_face.jpg", capsys)
    assert len(rows) == 5
    assert len({row["track"] for row in rows}) == 5


@pytest.mark.data
def test_no_face_clip(videos_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _rows(videos_path / "no_face.mp4", capsys) == []


@pytest.mark.data
def test_face_then_none(videos_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = videos_path / "face_noface.mov"
    capture = cv2.VideoCapture(str(path))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    times = [float(str(row["time"])) for row in _rows(path, capsys)]
    assert times
    assert max(times) < seconds / 2
