from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.cli import main
from ml.expressions import Expression
from ml.network.explanation import Explainer
from ml.network.weights_files import load_weights
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from ml.vision.overlay import side_by_side
from resources import bundled_weights

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory, portrait: Picture) -> Path:
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    cv2.imwrite(str(path), portrait)
    return path


def _explain(folder: Path, *arguments: object) -> int:
    options = ["--explain", str(folder), "--device", "cpu", "--json"]
    return main(["predict", *map(str, arguments), *options])


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _refusal(folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert _explain(folder, photo) == 1
    out, err = capsys.readouterr()
    assert out == "", "said before anything is predicted"
    assert len(err.splitlines()) == 1
    assert str(folder) in err
    return err


def test_a_photograph(tmp_path: Path, photo: Path, portrait: Picture) -> None:
    folder = tmp_path / "new" / "folder"

    assert _explain(folder, photo, "--views", 3) == 0

    (file,) = folder.iterdir()
    assert file.name == "portrait-00000.000s-face1-happy.png"
    pictures = face_pictures(portrait, FaceDetector(exact=True).detect(portrait)[0])
    explainer = Explainer(load_weights(bundled_weights()))
    explanations = explainer.explain(pictures, [Expression.HAPPY])
    expected = side_by_side(pictures[0], explanations[0])
    difference = cv2.imread(str(file)).astype(int) - expected
    assert np.abs(difference).mean() < 0.1
    np.testing.assert_array_equal(difference[:, :240], 0)


def test_every_prediction_of_a_video(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(tmp_path / "out", clip) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) > 10
    assert _names(tmp_path / "out") == [
        f"clip-{row['time']:09.3f}s-face{row['track']}-{row['expression']}.png" for row in rows
    ]


def test_an_answer_that_a_face_only_keeps_is_not_explained_again(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(tmp_path / "out", clip, "--interval", 0.3) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    changes = {str(row["probabilities"]): row["time"] for row in reversed(rows)}
    assert 1 < len(changes) < len(rows) / 3
    times = [float(name.split("-")[1].rstrip("s")) for name in _names(tmp_path / "out")]
    assert times == sorted(changes.values())


def test_sources_of_the_same_name_are_told_apart(
    tmp_path: Path, photo: Path, portrait: Picture
) -> None:
    others = [tmp_path / name for name in ("portrait.jpg", "Portrait.png", "portrait-2.png")]
    for path in others:
        cv2.imwrite(str(path), portrait)

    assert _explain(tmp_path / "out", photo, *others, photo) == 0

    starts = [name.removesuffix("-00000.000s-face1-happy.png") for name in _names(tmp_path / "out")]
    assert starts == ["Portrait-3", "portrait", "portrait-2", "portrait-2-2"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_that_not_every_system_takes(tmp_path: Path, photo: Path) -> None:
    odd = tmp_path / 'a:b?\n"c".png'
    odd.write_bytes(photo.read_bytes())
    assert _explain(tmp_path / "out", odd) == 0
    assert _names(tmp_path / "out") == ["a_b___c_-00000.000s-face1-happy.png"]


def test_no_face_leaves_an_empty_folder_that_can_be_used_again(tmp_path: Path, photo: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 90, np.uint8))
    assert _explain(tmp_path / "out", tmp_path / "grey.png") == 0
    assert _names(tmp_path / "out") == []
    assert _explain(tmp_path / "out", photo) == 0
    assert len(_names(tmp_path / "out")) == 1


def test_nothing_that_is_there_is_replaced(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(tmp_path / "out", photo) == 0
    (file,) = (tmp_path / "out").iterdir()
    file.write_bytes(b"precious")
    capsys.readouterr()

    assert "is not empty" in _refusal(tmp_path / "out", photo, capsys)

    assert list((tmp_path / "out").iterdir()) == [file]
    assert file.read_bytes() == b"precious"


def test_a_file_is_no_folder(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    assert "is a file" in _refusal(tmp_path / "file", photo, capsys)
    assert "cannot be written to" in _refusal(tmp_path / "file" / "inside", photo, capsys)
    assert (tmp_path / "file").read_bytes() == b"precious"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user"
)
def test_a_folder_without_permission(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in _refusal(tmp_path, photo, capsys)
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_told(
    tmp_path: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert _explain(tmp_path / "out", photo) == 1
    (message,) = capsys.readouterr().err.splitlines()
    assert "happy.png could not be written: No space left on device" in message
    assert _names(tmp_path / "out") == []


def test_bad_weights_leave_no_folder(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _explain(tmp_path / "out", photo, "--weights", tmp_path / "gone.safetensors") == 1
    assert "no weights file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("explained", [False, True])
def test_torch_is_imported_only_to_explain(tmp_path: Path, photo: Path, explained: bool) -> None:
    code = """
import sys
from ml.cli import main
import ml.vision.overlay
status = main(["predict", "--json", "--device", "cpu", *sys.argv[1:]])
print("torch" in sys.modules, file=sys.stderr)
raise SystemExit(status)
"""
    options = ["--explain", str(tmp_path / "out")] if explained else []
    command = [sys.executable, "-c", code, str(photo), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == str(explained)
    assert json.loads(done.stdout)["expression"] == "happy"
