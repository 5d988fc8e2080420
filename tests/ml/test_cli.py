from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from ml.cli import main
from ml.evaluation.evaluate import summarise
from ml.evaluation.results import from_json, load_predictions
from ml.expressions import EXPRESSIONS
from ml.network.weights import Weights
from ml.network.weights_files import load_weights, save_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import PublishedNetwork

# Convert


def test_convert_writes_our_format(
    tmp_path: Path, published: PublishedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(published.state_dict(), tmp_path / "in.pt")
    out = tmp_path / "out.safetensors"

    assert main(["convert", str(tmp_path / "in.pt"), str(out)]) == 0

    assert str(out) in capsys.readouterr().out
    before, after = load_weights(tmp_path / "in.pt"), load_weights(out)
    assert after.architecture == before.architecture
    assert after.classes == before.classes
    for name, value in before.state.items():
        np.testing.assert_allclose(after.state[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("out", ["out.pth", "out"])
def test_convert_refuses_other_endings(
    tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(bundled_weights()), str(tmp_path / out)]) == 1
    assert ".safetensors" in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_convert_of_a_bad_file_keeps_the_old_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, out = tmp_path / "bad.pth", tmp_path / "out.safetensors"
    bad.write_text("not weights")
    out.write_bytes(b"precious")

    assert main(["convert", str(bad), str(out)]) == 1

    assert "bad.pth" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"


def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["convert", str(bundled_weights()), str(tmp_path / "w.safetensors")]) == 1
    assert "w.safetensors could not be written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# Evaluate and data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class folders with the official file names: two pictures per class and split."""
    rng = np.random.default_rng(0)
    for part, prefixes in (("train", ["Training"]), ("test", ["PublicTest", "PrivateTest"])):
        for expression in EXPRESSIONS:
            inside = tmp_path / "data" / part / expression.label
            inside.mkdir(parents=True)
            for prefix in prefixes:
                for n in range(2):
                    picture: npt.NDArray[np.uint8] = rng.integers(0, 256, (48, 48), np.uint8)
                    cv2.imwrite(str(inside / f"{prefix}_{n}.png"), picture)
    return tmp_path / "data"


@pytest.fixture
def weights_file(tmp_path: Path, weights: Weights) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_weights(weights, path)
    return path


def test_evaluate_prints_and_writes(
    tmp_path: Path, folder: Path, weights_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / "out" / name for name in ("e.json", "c.png", "p.npz")}
    arguments = ["evaluate", str(weights_file), str(folder), "--json", str(files["e.json"])]
    arguments += ["--confusion", str(files["c.png"]), "--predictions", str(files["p.npz"])]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    evaluation = from_json(json.loads(files["e.json"].read_text()))
    assert set(evaluation.splits) == {"PublicTest", "PrivateTest"}
    for name, split in evaluation.splits.items():
        assert f"{name}, all 14 pictures" in printed
        assert f"{100 * split.full.single.accuracy.value:.1f} %" in printed
    predictions = load_predictions(files["p.npz"])
    assert summarise(predictions, evaluation.protocol, 1.0) == evaluation
    assert cv2.imread(str(files["c.png"])) is not None


def test_evaluate_one_split(
    folder: Path, weights_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(weights_file), str(folder), "--split", "PublicTest"]
    assert main([*arguments, "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "PublicTest, all" in printed
    assert "PrivateTest, all" not in printed


@pytest.mark.parametrize(
    ("extra", "said"),
    [(["--split", "Nowhere"], "no split Nowhere"), (["--device", "cuda:99"], "device cuda:99")],
)
def test_evaluate_says_what_is_wrong(
    folder: Path,
    weights_file: Path,
    extra: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["evaluate", str(weights_file), str(folder), *extra]) == 1
    assert said in capsys.readouterr().err


def test_bad_pictures_stop_the_commands_unless_skipped(
    folder: Path, weights_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "test" / "happy" / "PublicTest_0.png").write_bytes(b"not a picture")
    for arguments in (["evaluate", str(weights_file), str(folder)], ["data", str(folder)]):
        assert main(arguments) == 1
        assert "PublicTest_0.png" in capsys.readouterr().err
    assert main(["evaluate", str(weights_file), str(folder), "--skip-bad"]) == 0
    assert "PublicTest, all 13 pictures" in capsys.readouterr().out
    assert main(["data", str(folder), "--skip-bad"]) == 0
    assert "PublicTest_0.png" in capsys.readouterr().out


def test_a_terminal_that_lacks_the_signs(
    folder: Path, tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Windows one, or a file its output is sent to: what it lacks becomes a question mark."""
    save_weights(weights, tmp_path / "w.safetensors")
    output = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr("sys.stdout", output)
    assert main(["evaluate", str(tmp_path / "w.safetensors"), str(folder)]) == 0
    output.flush()
    assert isinstance(output.buffer, io.BytesIO)
    assert b"accuracy" in output.buffer.getvalue()


def test_data_prints_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(folder)]) == 0
    assert "Training" in capsys.readouterr().out
    assert main(["data", str(folder), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts["PublicTest"] == {expression.label: 2 for expression in EXPRESSIONS}
