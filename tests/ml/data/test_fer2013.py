from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml.data.check import check
from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.data.ferplus import load_ferplus
from ml.expressions import EXPRESSIONS, LABELS, Expression
from ml.picture import SIDE
from tests.ml.data.small_data_sets import (
    Pixels,
    by_name,
    csv_text,
    encoded,
    expected,
    noise,
    official_files,
    plain_files,
    row,
    write_folder,
    write_zip,
)

OFFICIAL = {
    "Training": Expression.HAPPY,
    "PublicTest": Expression.SAD,
    "PrivateTest": Expression.FEAR,
}


# Layouts


@pytest.mark.parametrize("top", ["", "fer2013/", "Downloads/archive (1)/", "./"])
@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_official_layout(tmp_path: Path, write: Callable[..., Path], top: str) -> None:
    files = official_files()
    dataset = load(write(tmp_path / "data.zip", {top + name: p for name, p in files.items()}))

    assert list(dataset.splits()) == ["Training", "PublicTest", "PrivateTest"]
    assert dataset.protocol.startswith("official")
    assert not dataset.bad
    assert not dataset.left_out
    top = top if write is write_zip else top.removeprefix("./")
    assert by_name(dataset) == expected({top + name: p for name, p in files.items()})
    assert all("Training" in name for name in dataset.train.names)
    assert all("PublicTest" in name for name in dataset.validation.names)
    assert dataset.test is not None
    assert all("PrivateTest" in name for name in dataset.test.names)
    assert dataset.train.pictures.shape == (14, SIDE, SIDE)
    assert (dataset.train.pictures.dtype, dataset.train.labels.dtype) == (np.uint8, np.int64)


def test_folders_named_after_the_splits(tmp_path: Path) -> None:
    files: dict[str, Pixels] = {}
    for part in ("Training", "PublicTest", "PrivateTest"):
        files |= plain_files(1, f"{part}/")
    assert list(load(write_folder(tmp_path, files)).splits()) == list(OFFICIAL)


def test_folders_that_tell_other_splits(tmp_path: Path) -> None:
    files = plain_files(2, "train/") | plain_files(1, "val/")
    dataset = load(write_folder(tmp_path, files))
    assert {name: len(split) for name, split in dataset.splits().items()} == {
        "train": 14,
        "validation": 7,
    }
    assert "official" not in dataset.protocol
    assert dataset.protocol.endswith("there is no test split")


ALIASES = {
    "Anger": "angry",
    "disgusted": "disgust",
    "FEARFUL": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "neutral": "neutral",
}


@pytest.mark.parametrize("aliases", [ALIASES, {str(int(e)): e.label for e in EXPRESSIONS}])
def test_aliases_of_class_folders(tmp_path: Path, aliases: dict[str, str]) -> None:
    files = {f"{alias}/a.png": noise(seed) for seed, alias in enumerate(aliases)}
    split = load(write_folder(tmp_path, files)).splits()["all"]
    found = {
        name.split("/")[0]: LABELS[label]
        for name, label in zip(split.names, split.labels, strict=True)
    }
    assert found == aliases


def test_other_classes_are_left_out_and_counted(tmp_path: Path) -> None:
    files = plain_files() | {"Contempt/a.png": noise(1), "Contempt/b.png": noise(2)}
    files["hapy/a.png"] = noise(3)
    dataset = load(write_folder(tmp_path, files))
    assert dataset.left_out == {"contempt": 2, "hapy": 1}
    assert len(dataset.splits()["all"]) == 70


def test_numbers_in_another_order_are_refused(tmp_path: Path) -> None:
    files = {f"{number}/a.png": noise(number) for number in range(1, 8)}
    with pytest.raises(DatasetError, match="class folder 7"):
        load(write_folder(tmp_path, files), skip_bad=True)


def test_a_test_folder_alone_can_be_evaluated_on(tmp_path: Path) -> None:
    dataset = load(write_folder(tmp_path, plain_files(1, "test/")))
    assert len(dataset.train) == len(dataset.validation) == 0
    assert len(dataset.splits()["test"]) == 7


# What bad data gets


def test_folder_without_classes(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no class folders"):
        load(tmp_path)
    write_folder(tmp_path, {"cats/a.png": noise(1), "dogs/a.png": noise(2), "b.png": noise(3)})
    with pytest.raises(DatasetError, match="has the folders cats, dogs"):
        load(tmp_path)


def test_many_problems_are_counted(tmp_path: Path) -> None:
    files = {name: encoded(pixels) for name, pixels in plain_files(2).items()}
    files |= {f"happy/bad{number}.png": b"x" for number in range(8)}
    path = write_folder(tmp_path, files)
    with pytest.raises(DatasetError, match=r"bad4\.png(.|\n)*and 3 more"):
        load(path)


def test_empty_class(tmp_path: Path) -> None:
    files = {name: p for name, p in official_files().items() if "train/disgust" not in name}
    path = write_folder(tmp_path, files)
    (path / "train" / "disgust").mkdir()
    with pytest.raises(DatasetError, match="disgust: there is no picture"):
        load(path)
    dataset = load(path, skip_bad=True)
    assert len(dataset.bad) == 1
    assert check(dataset).counts["Training"]["disgust"] == 0


@pytest.mark.parametrize("cached", [False, True])
def test_only_bad_pictures(tmp_path: Path, cached: bool) -> None:
    path = write_folder(tmp_path / "data", {f"{label}/a.png": b"x" for label in LABELS})
    with pytest.raises(DatasetError, match="no picture that can be used"):
        load(path, skip_bad=True, cache_dir=tmp_path / "cache" if cached else None)


# Progress


@pytest.mark.parametrize("table", [False, True])
def test_progress_ends_at_the_total(tmp_path: Path, table: bool) -> None:
    path = tmp_path / "fer2013.csv"
    if table:
        path.write_text(csv_text([row(i % 7, noise(i)) for i in range(600)]))
    else:
        path = write_folder(tmp_path / "data", plain_files(80))
    calls: list[tuple[int, int]] = []
    load(path, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 1
    assert calls == sorted(calls)
    assert calls[-1][0] == calls[-1][1]


# The real data set, with the numbers its README tells


@pytest.mark.data
def test_fer2013_is_what_it_is_known_to_be(fer2013_path: Path, tmp_path: Path) -> None:
    dataset = load(fer2013_path, cache_dir=tmp_path)
    found = check(dataset)
    training = (3995, 436, 4097, 7215, 4830, 3171, 4965)
    assert found.counts["Training"] == dict(zip(LABELS, training, strict=True))
    assert [sum(counts.values()) for counts in found.counts.values()] == [28_709, 3_589, 3_589]
    assert found.protocol.startswith("official")
    assert found.repeats["Training"] == 1_222
    assert found.shared["PrivateTest in Training"] == 288
    assert found.shared["PublicTest in Training"] == 280
    assert found.conflicts == 56
    assert not found.bad

    ferplus = fer2013_path.with_name("ferplus.csv")
    if ferplus.exists():
        shares = load_ferplus(ferplus, dataset)
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
