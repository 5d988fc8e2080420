from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import ml.data.archive
import ml.data.cache
from ml.data.check import check, contained_in, format_check
from ml.data.dataset import Dataset, DatasetError
from ml.data.fer2013 import load
from ml.data.ferplus import load_ferplus
from ml.data.picture_files import decode
from ml.data.table import parse_pixels
from ml.expressions import EXPRESSIONS, LABELS, Expression
from ml.picture import SIDE

Pixels = npt.NDArray[np.uint8]
OFFICIAL = {
    "Training": Expression.HAPPY,
    "PublicTest": Expression.SAD,
    "PrivateTest": Expression.FEAR,
}


def noise(seed: int, side: int = SIDE) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


def encoded(pixels: Pixels, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def official_files() -> dict[str, Pixels]:
    """Two pictures of each class to train on, one in each of the other splits."""
    files = {}
    for label in LABELS:
        for number, (folder, prefix) in enumerate(
            [("train", "Training"), ("train", "Training"), ("test", "PublicTest"),
             ("test", "PrivateTest")]
        ):  # fmt: skip
            files[f"{folder}/{label}/{prefix}_{number}.png"] = noise(len(files))
    return files


def plain_files(each: int = 10, prefix: str = "") -> dict[str, Pixels]:
    names = [f"{prefix}{label}/{number:03}.png" for label in LABELS for number in range(each)]
    return {name: noise(seed) for seed, name in enumerate(names)}


def write_folder(root: Path, files: dict[str, Pixels] | dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else encoded(content))
    return root


def write_zip(path: Path, files: dict[str, Pixels] | dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else encoded(content))
    return path


def row(label: object, pixels: Pixels, usage: str | None = "Training") -> str:
    line = f"{label},{' '.join(map(str, pixels.ravel()))}"
    return line if usage is None else f"{line},{usage}"


def csv_text(rows: Iterable[str], header: str = "emotion,pixels,Usage") -> str:
    return "\n".join([header, *rows]) + "\n"


def csv_rows() -> list[str]:
    rows = [row(int(label), noise(int(label))) for label in EXPRESSIONS]
    rows += [row(3, noise(20), "PublicTest"), row(4, noise(21), "PrivateTest")]
    return rows


def by_name(dataset: Dataset) -> dict[str, tuple[bytes, int]]:
    return {
        name: (picture.tobytes(), int(label))
        for split in dataset.splits().values()
        for name, picture, label in zip(split.names, split.pictures, split.labels, strict=True)
    }


def expected(files: dict[str, Pixels]) -> dict[str, tuple[bytes, int]]:
    return {
        name: (pixels.tobytes(), int(Expression[name.split("/")[-2].upper()]))
        for name, pixels in files.items()
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


def test_zip_made_on_windows_or_a_mac(tmp_path: Path) -> None:
    files = {name: encoded(pixels) for name, pixels in official_files().items()}
    zipped = {name.replace("/", "\\"): content for name, content in files.items()}
    zipped |= {f"__MACOSX/{name}": b"resource fork" for name in files}
    zipped |= {"train/happy/Thumbs.db": b"x", "train/happy/.DS_Store": b"x", "README.md": b"x"}
    assert by_name(load(write_zip(tmp_path / "data.zip", zipped))) == expected(official_files())


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


def test_jpeg_and_other_sizes(tmp_path: Path) -> None:
    files = {name: encoded(pixels) for name, pixels in plain_files(2).items()}
    constant = np.full((SIDE, SIDE), 77, np.uint8)
    large = np.kron(constant, np.ones((3, 3), np.uint8))
    blocks = np.kron(noise(1), np.ones((2, 2), np.uint8))
    files |= {
        "happy/jpeg.jpg": encoded(constant, "JPEG"),
        "happy/large.png": encoded(large),
        "happy/small.bmp": encoded(constant[:20, :30], "BMP"),
        "happy/blocks.png": encoded(blocks),
        "happy/colour.png": encoded(np.stack([constant] * 3, axis=-1)),
    }
    pictures = {
        name: np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
        for name, (pixels, _) in by_name(load(write_folder(tmp_path, files))).items()
    }
    for name in ("jpeg.jpg", "large.png", "small.bmp", "colour.png"):
        np.testing.assert_array_equal(pictures[f"happy/{name}"], constant)
    np.testing.assert_array_equal(pictures["happy/blocks.png"], noise(1))  # the mean of each block


# The csv files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("header", ["emotion,pixels,Usage", " Emotion , pixels, Usage"])
def test_csv(tmp_path: Path, encoding: str, header: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text(csv_rows(), header), encoding=encoding)
    dataset = load(path)
    assert dataset.protocol.startswith("official")
    assert [len(split) for split in dataset.splits().values()] == [7, 1, 1]
    assert dataset.train.names[0] == "row 2"
    assert by_name(dataset)["row 9"] == (noise(20).tobytes(), Expression.HAPPY)


def test_icml_face_data_has_its_columns_in_another_order(tmp_path: Path) -> None:
    lines = []
    for line in csv_rows():
        emotion, pixels, usage = line.split(",")
        lines.append(f"{emotion},{usage},{pixels}")
    path = tmp_path / "icml_face_data.csv"
    path.write_text(csv_text(lines, "emotion, Usage, pixels"))
    other = tmp_path / "fer2013.csv"
    other.write_text(csv_text(csv_rows()))
    assert by_name(load(path)) == by_name(load(other))


def test_competition_csv_has_no_test_split(tmp_path: Path) -> None:
    rows = [row(int(label), noise(10 * i + label), None) for i in range(10) for label in range(7)]
    path = tmp_path / "train.csv"
    path.write_text(csv_text(rows, "emotion,pixels"))
    dataset = load(path)
    assert dataset.test is None
    assert "stratified" in dataset.protocol
    assert dataset.protocol.endswith("there is no test split")
    assert (len(dataset.train), len(dataset.validation)) == (63, 7)
    assert len(dataset.splits()["all"]) == 70


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_csv_in_a_folder_or_zip(tmp_path: Path, write: Callable[..., Path]) -> None:
    text = csv_text(csv_rows()).encode()
    files = {
        "x/fer2013.csv": text,
        "x/train.csv": b"",
        "x/README": b"",
        "__MACOSX/fer2013.csv": b"",
    }
    assert len(load(write(tmp_path / "data.zip", files)).train) == 7


def test_contempt_in_a_csv_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ck.csv"
    path.write_text(csv_text([*csv_rows(), row(7, noise(1))]))
    assert load(path).left_out == {"contempt": 1}


NUMBERS = " ".join(["1"] * SIDE * SIDE)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("3,1 2 3,Training", "has 3 pixel values instead of 2304"),
        (f"3,{NUMBERS} 1,Training", "has 2305 pixel values"),
        (f"3,256{NUMBERS[1:]},Training", "the pixel value '256'"),
        (f"3,-1{NUMBERS[1:]},Training", "the pixel value '-1'"),
        (f"3,x{NUMBERS[1:]},Training", "the pixel value 'x'"),
        (f"3,{'9' * 5000}{NUMBERS[1:]},Training", "the pixel value '99999"),
        (f"8,{NUMBERS},Training", "the unknown class '8'"),
        (f"hapy,{NUMBERS},Training", "the unknown class 'hapy'"),
        (f"3,{NUMBERS},Trainig", "the unknown Usage 'Trainig'"),
        (f"3,{NUMBERS}", "has 2 of 3 columns"),
        (f"3,{'1' * 200_000},Training", "is not csv"),
    ],
)
def test_bad_rows_are_named_or_skipped(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text([line, *csv_rows()]))
    with pytest.raises(DatasetError, match=f"row 2.*{problem}") as caught:
        load(path)
    assert "fer2013.csv" in str(caught.value)
    assert "--skip-bad" in str(caught.value)
    dataset = load(path, skip_bad=True)
    assert len(dataset.bad) == 1
    assert problem in dataset.bad[0]
    assert len(dataset.train) == 7


@pytest.mark.parametrize(
    "content",
    [
        csv_text(csv_rows()).encode("utf-16"),
        csv_text(csv_rows()).encode("utf-16-le"),
        csv_text([*csv_rows(), "3,é,Training"]).encode("latin-1"),
        b"\xfe\xfe" + csv_text(csv_rows()).encode(),
    ],
)
def test_csv_in_another_encoding(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"fer2013\.csv is not UTF-8 text"):
        load(path, skip_bad=True)


@pytest.mark.parametrize("content", ["", "\n", "a;b\n", "emotion,Usage\n", "pixels\n"])
def test_csv_without_its_columns(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=r"fer2013\.csv has no column"):
        load(path)


def test_csv_with_a_header_only(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text([]))
    with pytest.raises(DatasetError, match="no picture that can be used"):
        load(path, skip_bad=True, cache_dir=tmp_path / "cache")


@given(st.binary(min_size=SIDE * SIDE, max_size=SIDE * SIDE), st.sampled_from([" ", "  ", "\t"]))
@settings(max_examples=20, deadline=None)
def test_pixels_survive_a_csv(content: bytes, space: str) -> None:
    assert parse_pixels(space.join(map(str, content))).tobytes() == content


@given(st.text() | st.text("0123456789 -.\t\xa0"))
def test_other_text_is_no_picture(text: str) -> None:
    with pytest.raises(ValueError, match="pixel value"):
        parse_pixels(text)


@given(st.sampled_from(["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"]), st.data())
@settings(max_examples=60)
def test_a_damaged_picture_is_decoded_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(noise(1), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    with contextlib.suppress(ValueError):  # any other error fails the test
        assert decode(bytes(content)).shape == (SIDE, SIDE)


# Bad files


def huge_png() -> bytes:
    """A well-formed picture of 40,000 × 40,000 black pixels in 200 bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(40_001)))
        + chunk(b"IEND", b"")
    )


BAD_PICTURES = {
    "empty": (b"", "is an empty file"),
    "text": (b"hello", "is not an image"),
    "truncated PNG": (encoded(noise(1))[:1200], "truncated"),
    "truncated JPEG": (encoded(noise(1), "JPEG")[:1200], "truncated"),
    "too many pixels": (huge_png(), "more pixels"),
    "too many bytes": (bytes((32 << 20) + 1), "is larger than a picture"),
    "16 bits": (encoded(np.zeros((SIDE, SIDE), np.uint16)), "8 bits a channel"),
}


@pytest.mark.parametrize("write", [write_folder, write_zip])
@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_bad_pictures_are_named_or_skipped(
    tmp_path: Path, kind: str, write: Callable[..., Path]
) -> None:
    content, problem = BAD_PICTURES[kind]
    files = {name: encoded(pixels) for name, pixels in plain_files(2).items()}
    padding = {"notes.bin": np.random.default_rng(0).bytes(400_000)}  # the zip itself is no bomb
    path = write(tmp_path / "data.zip", files | padding | {"happy/bad.png": content})
    with pytest.raises(DatasetError, match=rf"happy/bad\.png .*{problem}") as caught:
        load(path)
    assert "--skip-bad" in str(caught.value)
    dataset = load(path, skip_bad=True)
    assert len(dataset.bad) == 1
    assert dataset.bad[0].startswith("happy/bad.png ")
    assert len(dataset.splits()["all"]) == 14


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


def test_a_test_folder_alone_can_be_evaluated_on(tmp_path: Path) -> None:
    dataset = load(write_folder(tmp_path, plain_files(1, "test/")))
    assert len(dataset.train) == len(dataset.validation) == 0
    assert len(dataset.splits()["test"]) == 7


@pytest.mark.parametrize("cached", [False, True])
def test_only_bad_pictures(tmp_path: Path, cached: bool) -> None:
    path = write_folder(tmp_path / "data", {f"{label}/a.png": b"x" for label in LABELS})
    with pytest.raises(DatasetError, match="no picture that can be used"):
        load(path, skip_bad=True, cache_dir=tmp_path / "cache" if cached else None)


# Bad folders and archives


def test_missing_path(tmp_path: Path) -> None:
    for name in ("nothing", "nothing.zip", "nothing.csv"):
        with pytest.raises(DatasetError, match=f"no data set .*{name}"):
            load(tmp_path / name)


def test_folder_without_classes(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no class folders"):
        load(tmp_path)
    write_folder(tmp_path, {"cats/a.png": noise(1), "dogs/a.png": noise(2), "b.png": noise(3)})
    with pytest.raises(DatasetError, match="has the folders cats, dogs"):
        load(tmp_path)


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


# The cache


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


# The data check


def test_check(tmp_path: Path) -> None:
    files = official_files()
    happy = files["train/happy/Training_0.png"]
    files["train/happy/Training_9.png"] = happy
    files["test/sad/PublicTest_9.png"] = happy
    files["test/happy/PrivateTest_9.png"] = happy
    files["contempt/a.png"] = noise(500)
    content = {name: encoded(pixels) for name, pixels in files.items()}
    dataset = load(write_folder(tmp_path, content | {"train/sad/bad.png": b"x"}), skip_bad=True)
    found = check(dataset)

    assert found.counts["Training"] == dict.fromkeys(LABELS, 2) | {"happy": 3}
    assert found.repeats == {"Training": 1, "PublicTest": 0, "PrivateTest": 0}
    assert found.shared == {
        "PublicTest in Training": 1,
        "PrivateTest in Training": 1,
        "PrivateTest in PublicTest": 1,
    }
    assert found.conflicts == 1
    assert "test/sad/PublicTest_9.png (sad)" in found.conflict_examples[0]
    assert (found.left_out, found.bad) == ({"contempt": 1}, list(dataset.bad))
    assert json.loads(json.dumps(dataclasses.asdict(found))) == dataclasses.asdict(found)
    text = format_check(found)
    for shown in ("PublicTest in Training: 1", "train/sad/bad.png is not", "contempt", "official"):
        assert shown in text

    assert dataset.test is not None
    marked = contained_in(dataset.test, dataset.train)
    assert [n for n, m in zip(dataset.test.names, marked, strict=True) if m] == [
        "test/happy/PrivateTest_9.png"
    ]


# FER+

FERPLUS = "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def ferplus_row(name: str, *votes: object) -> str:
    return ",".join([name, *map(str, votes)])


def test_ferplus_votes_become_shares(tmp_path: Path) -> None:
    jpegs = {name.replace(".png", ".jpg"): p for name, p in official_files().items()}
    dataset = load(write_folder(tmp_path / "data", jpegs))
    votes = dict.fromkeys(official_files(), (10, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    votes["train/happy/Training_0.png"] = (1, 5, 2, 0, 0, 0, 0, 1, 1, 0)
    votes["train/sad/Training_0.png"] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 9)
    votes["train/fear/Training_0.png"] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    table = tmp_path / "ferplus.csv"
    table.write_text("\n".join([FERPLUS, *(ferplus_row(n, *v) for n, v in votes.items())]))

    shares = load_ferplus(table, dataset)
    assert (shares.shape, shares.dtype) == ((14, 10), np.float32)
    row_of = {name: shares[i] for i, name in enumerate(dataset.train.names)}
    of_happy = np.zeros(10)
    of_happy[[Expression.NEUTRAL, Expression.HAPPY, Expression.SURPRISE, 7, 8]] = [1, 5, 2, 1, 1]
    np.testing.assert_allclose(row_of["train/happy/Training_0.jpg"], of_happy / 10)
    np.testing.assert_array_equal(row_of["train/sad/Training_0.jpg"], np.eye(10)[9])
    np.testing.assert_array_equal(row_of["train/fear/Training_0.jpg"], 0)
    np.testing.assert_array_equal(
        row_of["train/angry/Training_1.jpg"], np.eye(10)[Expression.NEUTRAL]
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"", "not a table of"),
        (b"\xff\xfe\x00", "not a table of"),
        (b"emotion,pixels,Usage\n", "not a table of"),
        (f"{FERPLUS}\n".encode(), "has no votes for train/angry/Training_0.png"),
        (f"{FERPLUS}\ntrain/angry/Training_0.png,1,2\n".encode(), "not a table of"),
        (f"{FERPLUS}\ntrain/angry/a.png,{','.join('x' * 10)}\n".encode(), "not a table of"),
        (f"{FERPLUS}\ntrain/angry/a.png,-1{',0' * 9}\n".encode(), "row 2 makes no sense"),
        (f"{FERPLUS}\ntrain/angry/a.png,nan{',0' * 9}\n".encode(), "row 2 makes no sense"),
        (f"{FERPLUS}\na.png{',1' * 10}\n".encode(), "row 2 makes no sense"),
    ],
)
def test_a_ferplus_file_that_does_not_fit(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    dataset = load(write_folder(tmp_path / "data", official_files()))
    table = tmp_path / "ferplus.csv"
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(DatasetError, match=problem) as caught:
        load_ferplus(table, dataset)
    assert "ferplus.csv" in str(caught.value)


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
