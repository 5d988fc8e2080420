from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.batch.command import analyze
from ml.batch.finding import find
from ml.batch.items import Kind
from ml.batch.options import BatchOptions
from ml.cli import main
from ml.expressions import LABELS
from ml.people.summary import summarise
from ml.recording.corrections import Corrections, Excluded, write_corrections
from ml.recording.opened import open_recording
from tests.ml.batch.conftest import write_picture

_OPTIONS = BatchOptions(views=1)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_well_is_0(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.jpg").unlink()
    assert analyze([folder], tmp_path / "out", _OPTIONS) == 0
    told, complaints = capsys.readouterr()
    assert "a.avi: 30 frames" in told
    assert complaints.splitlines() == [
        f"Left out: {folder / '50 % #2' / 'notes.txt'} is neither a picture nor a video."
    ]


def test_what_failed_is_listed_and_the_status_is_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "50 % #2" / "bad.mp4").write_bytes(b"\0" * 2000)
    missing = tmp_path / "missing.mp4"
    assert analyze([folder, missing], tmp_path / "out", _OPTIONS) == 1
    complaints = capsys.readouterr().err
    assert "3 could not be analysed" in complaints
    for path in (missing, folder / "50 % #2" / "bad.mp4", folder / "broken.jpg"):
        assert f"  {path}" in complaints
    # And again, though there is nothing to do but the failed ones.
    assert analyze([folder, missing], tmp_path / "out", _OPTIONS) == 1
    assert capsys.readouterr().err == complaints


def test_only_one_kind(folder: Path, tmp_path: Path) -> None:
    assert analyze([folder], tmp_path / "out", _OPTIONS, kinds=[Kind.VIDEO]) == 0
    assert not (tmp_path / "out" / "Día 1" / "Día 1 (pictures)").exists()


def test_the_summary_has_a_row_for_each_file_and_person(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze([folder], out, _OPTIONS)
    rows = _rows(out / "summary.csv")
    assert [(row["file"], row["person"]) for row in rows] == [
        ("Día 1/50 % #2/b.avi", "1"),
        ("Día 1/a.avi", "1"),
        ("Día 1/0 顔.png", "1"),
        ("Día 1/1 顔.png", "1"),
        ("Día 1/2 顔.png", "1"),
    ]
    corrected = open_recording(out / "Día 1" / "a.avi").corrected
    summary = summarise(corrected.counted(1))
    assert summary is not None
    video = rows[1]
    assert float(video["seconds"]) == pytest.approx(summary.seconds, abs=1e-3)
    for n, label in enumerate(LABELS):
        assert float(video[f"share_{label}"]) == pytest.approx(summary.shares[n], abs=1e-4)
        assert float(video[f"mean_{label}"]) == pytest.approx(summary.means[n], abs=1e-4)
        assert int(video[f"episodes_{label}"]) == summary.episodes[n]
    picture = rows[2]
    assert picture["seconds"] == picture["episodes_happy"] == ""
    assert sum(float(picture[f"share_{label}"]) for label in LABELS) == 1
    assert sum(float(picture[f"mean_{label}"]) for label in LABELS) == pytest.approx(1, abs=1e-3)
    assert float(picture["quality"]) > 0.5


def test_the_summary_goes_where_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "elsewhere" / "my.csv"
    analyze([folder / "a.avi"], tmp_path / "out", _OPTIONS, summary=wanted)
    assert len(_rows(wanted)) == 1
    assert not (tmp_path / "out" / "summary.csv").exists()


def test_the_summary_counts_corrections(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze([folder / "a.avi"], out, _OPTIONS)
    before = float(_rows(out / "summary.csv")[0]["seconds"])
    corrections = Corrections(names={1: "=Eileen"}, excluded=(Excluded(0.0, 0.2, None),))
    write_corrections(out / "a.avi", corrections)
    analyze([folder / "a.avi"], out, _OPTIONS)
    (row,) = _rows(out / "summary.csv")
    assert row["name"] == "'=Eileen"
    assert float(row["seconds"]) == pytest.approx(before - 0.2, abs=0.01)


def test_of_two_of_one_name_the_second_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.jpg").unlink()
    other = tmp_path / "other" / folder.name
    other.mkdir(parents=True)
    (other / "a.avi").write_bytes(b"x")
    assert analyze([folder, other], tmp_path / "out", _OPTIONS) == 1
    assert f"  {other / 'a.avi'} would have its result where" in capsys.readouterr().err


def test_a_result_beside_its_source_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "a.avi").read_bytes()
    assert analyze([folder / "a.avi"], folder, _OPTIONS) == 1
    assert (folder / "a.avi").read_bytes() == before
    assert "where something else is" in capsys.readouterr().err


def test_what_failed_has_no_row_from_before(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze([folder / "a.avi"], out, _OPTIONS)
    assert len(_rows(out / "summary.csv")) == 1
    (folder / "a.avi").write_text("no video any more")
    analyze([folder / "a.avi"], out, _OPTIONS)
    assert not _rows(out / "summary.csv")
    assert (out / "a.avi" / "faces.csv").is_file()


def test_merged_faces_of_a_picture_keep_their_own_values(folder: Path, tmp_path: Path) -> None:
    both = np.hstack([cv2.imread(str(folder / "2 顔.png"))] * 2)
    both[:, : both.shape[1] // 2] //= 2
    write_picture(tmp_path / "both.png", both)
    out = tmp_path / "out"
    analyze([tmp_path / "both.png"], out, _OPTIONS)
    before = _rows(out / "summary.csv")
    assert len(before) == 2
    (result,) = [path.parent for path in out.rglob("faces.csv")]
    write_corrections(result, Corrections(merged={2: 1}))
    analyze([tmp_path / "both.png"], out, _OPTIONS)
    after = _rows(out / "summary.csv")
    assert [row["mean_happy"] for row in after] == [row["mean_happy"] for row in before]
    assert [row["person"] for row in after] == ["1", "1"]


@pytest.mark.parametrize("summary", ["folder", "file/summary.csv"])
def test_a_summary_that_cannot_be_written_is_told_before_the_work(
    folder: Path, tmp_path: Path, summary: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"folder"):
        analyze([folder], tmp_path / "out", _OPTIONS, summary=tmp_path / summary)
    assert not list((tmp_path / "out").rglob("faces.csv"))


def test_nothing_to_do_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert analyze([tmp_path / "empty"], tmp_path / "out", _OPTIONS) == 0
    assert "nothing to analyse" in capsys.readouterr().err


def test_the_command_line_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze"]) == 1
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--interval", "-1"],
        ["--interval", "1e9"],
        ["--workers", "0"],
        ["--views", "2"],
        ["--keep", "all"],
        ["--smoothing", "nan"],
    ],
)
def test_wrong_options_are_refused(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["analyze", str(tmp_path), "--out", str(tmp_path), *wrong])


def test_weights_that_cannot_be_used_fail_with_the_reason(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "bad.safetensors"
    weights.write_bytes(b"no weights")
    arguments = ["analyze", str(folder / "a.avi"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--weights", str(weights)]) == 1
    assert "bad.safetensors" in capsys.readouterr().err


def test_options_reach_the_recording(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "ml", "analyze", str(folder / "a.avi"), "--out", str(out)]
    options = ["--interval=0.5", "--views=1", "--smoothing=2", "--min-face=40", "--exact"]
    subprocess.run([*command, *options, "--keep=blurred"], check=True, stdout=subprocess.DEVNULL)
    about = open_recording(out / "a.avi").corrected.recording.about
    assert about.settings["interval"] == 0.5
    assert about.settings["views"] == 1
    assert about.settings["smoothing"] == 2
    assert about.settings["detection"]["min_size"] == 40
    assert about.settings["exact"] is True
    assert about.video is not None
    assert about.video.kind == "blurred"


@pytest.mark.data
def test_the_real_clips(videos_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert analyze([videos_path], out, BatchOptions()) == 0
    places = {item.place for item in find([videos_path]).items}
    assert all((out / place / "faces.csv").is_file() for place in places)
    rows = _rows(out / "summary.csv")
    by_file = {row["file"].partition("/")[2]: row for row in rows}
    assert "no_face.mp4" not in by_file
    group = [row for row in rows if row["file"].endswith("multi_face.jpg")]
    assert len(group) == 5
    assert sum(float(row["share_happy"]) for row in group) == 4
