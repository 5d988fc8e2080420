from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.expressions import LABELS
from tests.ml.data.small_data_sets import (
    by_name,
    encoded,
    expected,
    official_files,
    plain_files,
    write_folder,
    write_zip,
)


def test_zip_made_on_windows_or_a_mac(tmp_path: Path) -> None:
    files = {name: encoded(pixels) for name, pixels in official_files().items()}
    zipped = {name.replace("/", "\\"): content for name, content in files.items()}
    zipped |= {f"__MACOSX/{name}": b"resource fork" for name in files}
    zipped |= {"train/happy/Thumbs.db": b"x", "train/happy/.DS_Store": b"x", "README.md": b"x"}
    assert by_name(load(write_zip(tmp_path / "data.zip", zipped))) == expected(official_files())


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    files = plain_files()
    elsewhere = write_folder(tmp_path / "elsewhere", files)
    path = tmp_path / "data"
    path.mkdir()
    for label in LABELS:
        (path / label).symlink_to(elsewhere / label)
    (elsewhere / "sad" / "round").symlink_to(path)  # and round again
    assert by_name(load(path)) == expected(files)


def test_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    path = write_folder(tmp_path, plain_files(2))
    (path / "happy" / "gone.png").symlink_to(path / "nowhere.png")
    with pytest.raises(DatasetError, match=r"happy/gone\.png cannot be read"):
        load(path)


def test_missing_path(tmp_path: Path) -> None:
    for name in ("nothing", "nothing.zip", "nothing.csv"):
        with pytest.raises(DatasetError, match=f"no data set .*{name}"):
            load(tmp_path / name)


@pytest.mark.parametrize("name", ["data.zip", "data", "data.tar.gz"])
def test_no_zip(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"hello")
    with pytest.raises(DatasetError, match=name):
        load(path)


def test_unfinished_download(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.zip", official_files())
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DatasetError, match="the download may be unfinished"):
        load(path)


def test_password(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.zip", plain_files(1))
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1  # the general purpose flag "encrypted"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="password"):
        load(path, skip_bad=True)


def test_zip_bomb(tmp_path: Path) -> None:
    bomb = {f"happy/{number}.png": bytes(30 << 20) for number in range(4)}
    path = write_zip(tmp_path / "data.zip", bomb)
    with pytest.raises(DatasetError, match=r"unpacks to 0\.1 GB"):
        load(path, skip_bad=True)


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_member_of_another_compression_is_named(tmp_path: Path, kind: int) -> None:
    path, files = tmp_path / "data.zip", plain_files()
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, pixels in files.items():
            archive.writestr(name, encoded(pixels))
        damaged = archive.getinfo("sad/003.png")
    content = bytearray(path.read_bytes())
    content[damaged.header_offset + 200] ^= 255
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"sad/003\.png"):
        load(path)


def test_names_that_lead_out_of_the_archive_write_nothing(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    files = {f"../../{name}": pixels for name, pixels in plain_files(2).items()}
    dataset = load(write_zip(inner / "data.zip", files), cache_dir=inner / "cache")
    assert len(dataset.splits()["all"]) == 14
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert sorted(path.name for path in inner.iterdir()) == ["cache", "data.zip"]


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_zip_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = write_zip(tmp_path / "data.zip", plain_files(1))
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    places = st.integers(0, len(content) - 1) | st.integers(directory, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(DatasetError):  # any other error fails the test
        assert load(path, skip_bad=True).splits()
