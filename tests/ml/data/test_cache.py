from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ml.data.archive
import ml.data.cache
from ml.data.check import contained_in
from ml.data.dataset import Dataset, DatasetError
from ml.data.fer2013 import load
from tests.ml.data.small_data_sets import (
    by_name,
    csv_rows,
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


def assert_same(a: Dataset, b: Dataset) -> None:
    assert by_name(a) == by_name(b)
    assert a.train.names == b.train.names
    assert (a.protocol, a.bad, a.left_out, a.key) == (b.protocol, b.bad, b.left_out, b.key)


@pytest.mark.parametrize("write", [write_folder, write_zip])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_later_start_takes_the_cache(
    tmp_path: Path,
    write: Callable[..., Path],
    mapped: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if mapped:
        monkeypatch.setattr(ml.data.cache, "_IN_MEMORY", 0)
    files = {name: encoded(pixels) for name, pixels in plain_files(10).items()}
    path = write(tmp_path / "data.zip", files | {"happy/bad.png": b"x", "contempt/a.png": b"x"})
    plain = load(path, skip_bad=True)
    first = load(path, skip_bad=True, cache_dir=tmp_path / "cache")
    assert_same(first, plain)

    monkeypatch.setattr("ml.data.fer2013.read_pictures", None)  # nothing is decoded again
    again = load(path, skip_bad=True, cache_dir=tmp_path / "cache")
    assert_same(again, plain)
    assert isinstance(again.train.pictures, np.memmap) is mapped
    with pytest.raises(DatasetError, match=r"happy/bad\.png is not an image"):
        load(path, cache_dir=tmp_path / "cache")
    suffixes = sorted(file.suffix for file in (tmp_path / "cache").iterdir())
    assert suffixes == [".json", ".npy"]


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_changed_data_is_read_again(tmp_path: Path, write: Callable[..., Path]) -> None:
    files = official_files()
    first = load(write(tmp_path / "data.zip", files), cache_dir=tmp_path / "cache")
    files["train/happy/Training_0.png"] = noise(999)
    changed = load(write(tmp_path / "data.zip", files), cache_dir=tmp_path / "cache")
    assert changed.key != first.key
    assert by_name(changed) == expected(files)


def test_a_changed_csv_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text(csv_rows()))
    first = load(path, cache_dir=tmp_path / "cache")
    path.write_text(csv_text([*csv_rows(), row(0, noise(50))]))
    assert len(load(path, cache_dir=tmp_path / "cache").train) == len(first.train) + 1


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, data: st.DataObject) -> None:
    path = write_zip(tmp_path / "data.zip", official_files())
    cache = Path(tempfile.mkdtemp(dir=tmp_path))  # damage that one example leaves is its own
    plain = load(path)
    load(path, cache_dir=cache)
    victim = data.draw(st.sampled_from(sorted(cache.iterdir())))
    content = bytearray(victim.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["cut", "change", "remove"])):
        case "cut":
            victim.write_bytes(content[:place])
        case "change":
            content[place] ^= data.draw(st.integers(1, 255))
            victim.write_bytes(content)
        case _:
            victim.unlink()
    assert_same(load(path, cache_dir=cache), plain)


def test_pickles_in_the_cache_are_not_opened(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.zip", official_files())
    load(path, cache_dir=tmp_path / "cache")
    (stored,) = (tmp_path / "cache").glob("*.npy")
    np.save(stored, np.array([{"an": "object"}], object), allow_pickle=True)
    assert by_name(load(path, cache_dir=tmp_path / "cache")) == expected(official_files())


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.zip", official_files())
    with pytest.raises(DatasetError, match=r"cannot take the decoded pictures.*another folder"):
        load(path, cache_dir=path / "cache")


def test_a_full_disk_is_not_blamed_on_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    stream = full.open("wb", buffering=0)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: stream)
    path = write_zip(tmp_path / "data.zip", official_files())
    with pytest.raises(DatasetError, match="No space left") as caught:
        load(path, cache_dir=tmp_path / "cache", skip_bad=True)
    assert "happy" not in str(caught.value)
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_picture_that_could_not_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skip_bad: bool
) -> None:
    """The disk of a network comes back, with the same sizes and times."""
    path, cache = write_folder(tmp_path / "data", plain_files()), tmp_path / "cache"
    normal = ml.data.archive._open

    def failing(path: Path | str) -> io.BufferedReader:
        if str(path).endswith("003.png"):
            raise PermissionError(13, "Permission denied")
        return normal(path)

    monkeypatch.setattr("ml.data.archive._open", failing)
    if skip_bad:
        assert len(load(path, cache_dir=cache, skip_bad=True).bad) == 7
    else:
        with pytest.raises(DatasetError, match="Permission denied"):
            load(path, cache_dir=cache)
    monkeypatch.undo()

    dataset = load(path, cache_dir=cache, skip_bad=skip_bad)

    assert not dataset.bad
    assert len(dataset.train) + len(dataset.validation) == 70


# The validation split that is drawn


def test_a_tenth_of_each_class_is_drawn_by_seed(tmp_path: Path) -> None:
    path = write_folder(tmp_path, plain_files(20, "train/") | plain_files(1, "test/"))
    dataset = load(path, seed=1)
    np.testing.assert_array_equal(np.bincount(dataset.validation.labels), [2] * 7)
    np.testing.assert_array_equal(np.bincount(dataset.train.labels), [18] * 7)
    assert "stratified tenth" in dataset.protocol
    assert list(dataset.splits()) == ["train", "validation", "test"]
    assert load(path, seed=1).validation.names == dataset.validation.names
    assert load(path, seed=2).validation.names != dataset.validation.names
    assert load(path, seed=2).key != dataset.key


@given(st.integers(0, 1000))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_repeats_stay_on_one_side(tmp_path: Path, seed: int) -> None:
    files = plain_files(12)
    for number in range(0, 10, 2):
        files[f"happy/{number:03}.png"] = files["happy/011.png"]
        files[f"sad/{number:03}.png"] = files[f"sad/{number + 1:03}.png"]
    dataset = load(write_folder(tmp_path, files), seed=seed)
    assert len(dataset.validation)
    assert not contained_in(dataset.validation, dataset.train).any()
