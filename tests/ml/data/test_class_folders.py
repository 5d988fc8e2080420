"""Folders whose names are no expression's, and archives that are no data set as they are."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.cli import main
from ml.data.check import check, format_check
from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.data.near_misses import meant_expression
from ml.expressions import EXPRESSIONS, LABELS, NAMES
from tests.ml.training.tiny_runs import make_pictures, options


def picture(seed: int) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_classes(root: Path, *names: str, each: int = 2) -> Path:
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for n in range(each):
            (root / name / f"{n}.png").write_bytes(picture(number * each + n))
    return root


def all_but(*labels: str) -> list[str]:
    return [label for label in LABELS if label not in labels]


def refusal(path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


# Which expression may be meant


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("scared", "fear"),
        ("Afraid", "fear"),
        ("normal", "neutral"),
        ("natural", "neutral"),
        ("joy", "happy"),
        ("unhappy", "sad"),
        ("mad", "angry"),
        ("shocked", "surprise"),
        ("revulsion", "disgust"),
        ("suprise", "surprise"),
        ("surprize", "surprise"),
        ("hapy", "happy"),
        ("happines", "happy"),
        ("nuetral", "neutral"),
        ("angrey", "angry"),
        ("discust", "disgust"),
        ("fearfull", "fear"),
        ("0_angry", "angry"),
        ("happy faces", "happy"),
        ("SU", "surprise"),
        ("neu", "neutral"),
    ],
)
def test_near_misses(name: str, label: str) -> None:
    meant = meant_expression(name)
    assert meant is not None
    assert meant.label == label


@pytest.mark.parametrize(
    "name",
    [
        "contempt", "Contempt", "calm", "confused", "not happy", "happily surprised", "hungry",
        "sand", "ear", "face", "train", "test", "images", "others", "subject_01", "7", "8", "10",
        "s", "",
    ],
)  # fmt: skip
def test_other_names_are_no_near_misses(name: str) -> None:
    assert meant_expression(name) is None


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_taken_for_a_misspelling_of_another(name: str) -> None:
    meant = meant_expression(name)
    for spoilt in (name[:-2] + name[:-3:-1], name + name[-1]):  # two letters swapped, one doubled
        assert meant_expression(spoilt) in {meant, None}


@given(st.text(max_size=40))
def test_any_name_may_be_meant_for_an_expression_or_not(name: str) -> None:
    assert meant_expression(name) in {None, *EXPRESSIONS}


# What is said of folders that are left out


def test_a_class_that_lacks_names_the_folder_that_may_be_meant(tmp_path: Path) -> None:
    said = refusal(write_classes(tmp_path, *all_but("fear"), "Scared"))
    assert (
        "fear: there is no picture of this class; the folder scared (2 pictures) is left out: "
        "rename it to fear if that is meant" in said
    )
    found = load(tmp_path, skip_bad=True)
    assert found.left_out == {"scared": 2}
    assert len(found.splits()["all"]) == 12  # and it is not taken for fear


def test_several_folders_may_be_meant(tmp_path: Path) -> None:
    said = refusal(write_classes(tmp_path, *all_but("fear"), "scared", "afraid", each=1))
    assert "the folders afraid (1 picture), scared (1 picture) are left out: put their" in said


def test_a_class_that_lacks_names_the_folders_of_which_nothing_is_told(tmp_path: Path) -> None:
    said = refusal(write_classes(tmp_path, *all_but("fear", "neutral"), "angst", "normal"))
    assert "fear: there is no picture of this class\n" in said
    assert "the folder normal (2 pictures) is left out: rename it to neutral" in said
    assert "left out, named after no expression: angst (2 pictures)" in said


def test_a_class_that_lacks_is_told_before_bad_pictures(tmp_path: Path) -> None:
    write_classes(tmp_path, *all_but("fear"), "scared")
    for n in range(9):
        (tmp_path / "happy" / f"bad{n}.png").write_bytes(b"")
    assert "the folder scared" in refusal(tmp_path)


def test_without_any_picture_the_reason_is_told_before_the_classes(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "bad.png").write_bytes(b"")
    assert "can be used:\n  happy/bad.png is an empty file\n  angry: there is" in refusal(tmp_path)


def test_folders_beside_whole_classes_are_not_blamed(tmp_path: Path) -> None:
    write_classes(tmp_path, *LABELS, "contempt")
    (tmp_path / "happy" / "bad.png").write_bytes(b"")
    assert "contempt" not in refusal(tmp_path)


def test_the_check_names_every_folder(tmp_path: Path) -> None:
    write_classes(tmp_path, *(f"{part}/suprise" for part in ("train", "test")), each=1)
    write_classes(tmp_path, *(f"train/{label}" for label in LABELS), "train/contempt", each=2)
    text = format_check(check(load(tmp_path)))
    assert (
        "left out: suprise (2 pictures): perhaps surprise is meant; rename the folder then" in text
    )
    assert "left out: contempt (2 pictures)\n" in text


def test_training_names_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_classes(make_pictures(tmp_path / "data", train=4, others=1), "train/scared")
    run = ["--run-dir", str(tmp_path / "run")]
    assert main(["train", str(data), *run, *options(epochs=1)]) == 0
    assert "left out: scared (2 pictures): perhaps fear is meant" in capsys.readouterr().out


def test_without_any_class_the_folders_are_named(tmp_path: Path) -> None:
    said = refusal(write_classes(tmp_path, "cats", "scared", *(f"dogs{n}" for n in range(9))))
    assert "It has the folders scared (perhaps fear is meant), cats, dogs0" in said
    assert "dogs8" not in said
    assert "and 2 more" in said


def test_folders_of_persons_in_a_misnamed_class_are_told_by_its_name(tmp_path: Path) -> None:
    write_classes(tmp_path, *(f"happy faces/{label}" for label in LABELS))
    write_classes(tmp_path, "happy faces/scared/anna", "happy faces/scared/ben")
    write_classes(tmp_path, "happy faces/contempt", "happy faces/contempt/anna")
    assert load(tmp_path).left_out == {"scared": 4, "anna": 2, "contempt": 2}


@pytest.mark.parametrize("number", ["7", "8", "9"])
def test_numbers_of_other_data_sets_are_refused(tmp_path: Path, number: str) -> None:
    write_classes(tmp_path, *LABELS, number)
    with pytest.raises(DatasetError, match=f"There is a class folder {number}"):
        load(tmp_path, skip_bad=True)


def test_names_of_folders_cannot_spoil_the_message(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate([*LABELS, "\x1b[2J scared", "x" * 5000]):
            archive.writestr(f"{name}/a.png", picture(number))
    text = format_check(check(load(path)))
    assert "\x1b" not in text
    assert "scared (1 picture): perhaps fear is meant" in text
    assert max(map(len, text.splitlines())) < 200


# Archives in archives, and others than zip


def packed(path: Path, *names: str, content: bytes = b"PK") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def test_a_zip_in_a_zip(tmp_path: Path) -> None:
    inner = packed(tmp_path / "fer2013.zip", "happy/a.png").read_bytes()
    names = ("download/fer2013.zip", "README.md", "__MACOSX/._fer2013.zip")
    said = refusal(packed(tmp_path / "outer.zip", *names, content=inner))
    assert (
        "It holds another zip, download/fer2013.zip: unpack outer.zip first, then choose "
        "download/fer2013.zip." in said
    )


def test_another_archive_in_a_zip(tmp_path: Path) -> None:
    said = refusal(packed(tmp_path / "outer.zip", "fer2013.tar.gz"))
    assert "unpack outer.zip first, then unpack fer2013.tar.gz, and choose the folder" in said


def test_several_archives_in_a_zip(tmp_path: Path) -> None:
    said = refusal(packed(tmp_path / "outer.zip", "train.zip", "test.zip"))
    assert "It holds 2 archives, such as test.zip: unpack them all" in said


def test_the_name_of_an_inner_zip_cannot_spoil_the_message(tmp_path: Path) -> None:
    said = refusal(packed(tmp_path / "outer.zip", "\x1b[2J\n.zip"))
    assert said.isprintable()
    assert "another zip" in said


def test_a_folder_that_holds_the_zip(tmp_path: Path) -> None:
    packed(tmp_path / "fer2013.zip", "happy/a.png")
    assert "It holds fer2013.zip: choose that." in refusal(tmp_path)


@pytest.mark.parametrize("name", ["data.tar", "data.tar.gz", "data.tgz", "data.tar.xz", "data.zip"])
def test_a_tar(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(write_classes(tmp_path / "faces", *LABELS), "faces")
    kind = {".gz": "gzip", ".tgz": "gzip", ".xz": "xz"}.get(path.suffix, "tar")
    said = refusal(path)
    assert f"is a {kind} archive: unpack it first, then choose the folder." in said


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"7z\xbc\xaf\x27\x1c\0\4", "7z"), (b"Rar!\x1a\7\0", "RAR"), (b"Rar!\x1a\7\1\0", "RAR")],
)
@pytest.mark.parametrize("suffix", [".7z", ".rar", ".zip", ""])
def test_other_archives(tmp_path: Path, start: bytes, kind: str, suffix: str) -> None:
    path = tmp_path / f"data{suffix}"
    path.write_bytes(start + bytes(500))
    assert f"is a {kind} archive: unpack it first, then choose the folder." in refusal(path)


def test_what_is_only_named_like_an_archive_is_not_called_one(tmp_path: Path) -> None:
    path = tmp_path / "data.tar.gz"
    path.write_bytes(b"some words")
    assert "archive" not in refusal(path).replace(str(path), "")


def test_a_member_whose_name_is_damaged_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(["?", *LABELS]):
            archive.writestr(f"{name}/a.png", picture(number))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 46] = 0  # a name ends there
    path.write_bytes(content)
    assert len(load(path).splits()["all"]) == len(LABELS)
