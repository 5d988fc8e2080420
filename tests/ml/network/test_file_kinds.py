"""Files that are taken for weights: each is made as it is found in the wild."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save

from ml.network.file_kinds import FileKind, file_kind
from ml.network.weights import WeightsError
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, PublishedNetwork, as_if_trained

SUFFIXES = (".pth", ".safetensors")


def zipped(*names: str, content: bytes = b"x") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("weights.pth"), io.BytesIO())
    return stream.getvalue()


def image(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (48, 48), 90).save(stream, kind)
    return stream.getvalue()


def array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros((3, 4), np.float32))
    return stream.getvalue()


def arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, weight=np.zeros(3), bias=np.zeros(1))
    return stream.getvalue()


def checkpoint(legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    state = as_if_trained(PublishedNetwork(SMALL, SMALL_HEAD)).state_dict()
    torch.save(state, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def torchscript() -> bytes:
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), stream)  # type: ignore[no-untyped-call]
    return stream.getvalue()


def exported() -> bytes:
    stream = io.BytesIO()
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), stream)
    return stream.getvalue()


def field(number: int, value: int | bytes) -> bytes:
    """Of a protobuf message."""

    def varint(value: int) -> bytes:
        head = b""
        while value > 127:
            head, value = head + bytes([value & 127 | 128]), value >> 7
        return head + bytes([value])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


NODE = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
GRAPH = field(1, NODE) + field(2, b"net") + field(5, bytes(9000))
ONNX = {
    "from PyTorch": field(1, 6) + field(2, b"pytorch") + field(3, b"1.9") + field(7, GRAPH),
    "bare": field(1, 13) + field(7, GRAPH) + field(8, field(2, 17)),
    "with words": (
        field(1, 8)
        + field(2, "Büro".encode())
        + field(4, b"ai.onnx")
        + field(5, 300)
        + field(6, b"Names expressions.\nTwo lines.")
        + field(7, GRAPH)
    ),
    "operators first": field(1, 3) + field(8, field(2, 17)) + field(7, GRAPH),
}
SAVED_MODEL = field(1, 1) + field(2, field(1, field(1, b"\x01\x02\xff") + field(2, b"x")))

LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 132735374\n"
)
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>x</body></html>"
HDF5 = b"\x89HDF\r\n\x1a\n"
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 291, 24)

FILES: dict[str, tuple[FileKind, Callable[[], bytes]]] = {
    "nothing": (FileKind.EMPTY, bytes),
    "lfs": (FileKind.LFS_POINTER, lambda: LFS_POINTER),
    "page": (FileKind.WEB_PAGE, lambda: PAGE),
    "page after space": (FileKind.WEB_PAGE, lambda: b"\xef\xbb\xbf\r\n \t<HTML lang='de'>" + PAGE),
    "page in latin-1": (FileKind.WEB_PAGE, lambda: PAGE.replace(b"x", b"\xe9\xe8" * 4000)),
    "page in utf-16": (FileKind.WEB_PAGE, lambda: PAGE.decode().encode("utf-16")),
    "page as xml": (FileKind.WEB_PAGE, lambda: b'<?xml version="1.0"?>\n' + PAGE),
    "page with a remark": (FileKind.WEB_PAGE, lambda: b"<!-- saved -->\n" + PAGE),
    "safetensors": (FileKind.SAFETENSORS, lambda: save({"a": torch.zeros(3)})),
    "checkpoint": (FileKind.PYTORCH, checkpoint),
    "old checkpoint": (FileKind.PYTORCH, lambda: checkpoint(legacy=True)),
    "torchscript": (FileKind.TORCHSCRIPT, torchscript),
    "exported": (FileKind.EXPORTED, exported),
    "keras": (
        FileKind.KERAS,
        lambda: zipped("metadata.json", "config.json", "model.weights.h5"),
    ),
    "hdf5": (FileKind.HDF5, lambda: HDF5 + bytes(2000)),
    "hdf5 after a block": (FileKind.HDF5, lambda: b"MATLAB".ljust(512) + HDF5 + bytes(2000)),
    **{f"onnx {name}": (FileKind.ONNX, lambda made=made: made) for name, made in ONNX.items()},
    "tflite": (FileKind.TFLITE, lambda: b"\x1c\0\0\0TFL3" + bytes(100)),
    "gguf": (FileKind.GGUF, lambda: GGUF),
    "array": (FileKind.NUMPY, array),
    "arrays": (FileKind.NUMPY, arrays),
    "zip": (FileKind.ARCHIVE, lambda: zipped("weights/best.pth", "config.json", "code/net.py")),
    "gzip": (FileKind.ARCHIVE, lambda: gzip.compress(checkpoint())),
    "tar": (FileKind.ARCHIVE, tarred),
    **{
        kind: (FileKind.IMAGE, lambda kind=kind: image(kind))
        for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF")
    },
    "json": (FileKind.JSON, lambda: json.dumps({"channels": [1] * 9000}).encode()),
    "json list": (FileKind.JSON, lambda: b'[\n  {"name": "a"}\n]'),
    "text": (FileKind.TEXT, lambda: "These are my notes – on weights.\n".encode() * 500),
    "settings": (FileKind.TEXT, lambda: b"[train]\nepochs = 3\n"),
    "text in utf-16": (FileKind.TEXT, lambda: "Gewichte für später".encode("utf-16")),
}


@pytest.mark.filterwarnings("ignore")  # torch would rather have torch.export than TorchScript
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_told_whatever_it_is_called(tmp_path: Path, name: str, suffix: str) -> None:
    kind, make = FILES[name]
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(make())
    assert file_kind(path) is kind
    if (kind, suffix) in {(FileKind.PYTORCH, ".pth"), (FileKind.SAFETENSORS, ".safetensors")}:
        return
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    assert str(caught.value) == f"weights{suffix}: this {kind.value}"


def test_weights_are_not_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr("ml.network.weights_files.file_kind", looked)
    for legacy in (False, True):
        path = tmp_path / "weights.pth"
        path.write_bytes(checkpoint(legacy))
        assert load_weights(path)
    assert load_weights(bundled_weights())


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        bytes(4096),
        b"\x08",
        b"\x08\x01",
        SAVED_MODEL,
        field(1, 8) + field(2, b"pytorch"),
        field(1, 8) + field(9, b"no such field") + field(7, GRAPH),
        b"PK\x03\x04" + bytes(300),
        zipped("a/data.pkl")[:-30],
        pickle.dumps({"a": 1}, protocol=4),
        (5000).to_bytes(8, "little") + b'{"a":',
        b"notes\0notes",
    ],
    ids=[
        "one byte", "zeros", "half a number", "a number", "SavedModel", "no graph", "odd field",
        "no members", "cut zip", "pickle", "cut safetensors", "binary",
    ],
)  # fmt: skip
def test_what_is_not_known_gets_no_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert file_kind(path) is None


@cache
def made(name: str) -> bytes:
    return FILES[name][1]()


STARTS = st.sampled_from(sorted(FILES)).map(made)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.builds(bytes.__add__, STARTS, st.binary(max_size=40)))
@example(b"\x08" + b"\xff" * 5000)
@example(b"\x08\x01" + b"\xff" * 9 + b"\x7f" + b"\xff" * 9)
@example(b"\xff\xfe\x00")
@example(b"\xff\xfe\x00\xd8")
def test_any_bytes_are_of_some_kind_or_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)
    assert file_kind(path) in {None, *FileKind}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_archive_is_of_some_kind_or_none(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(zipped("a/data.pkl", "a/constants.pkl", "a/code/net.py"))
    directory = content.index(b"PK\x01\x02")
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(directory, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert file_kind(path) in {None, *FileKind}


def test_a_list_of_members_without_end_is_not_read(tmp_path: Path) -> None:
    """A bomb that is made of names alone, 40 MB of them."""
    path = tmp_path / "weights.pth"
    member = b"PK\x01\x02" + bytes(24) + struct.pack("<HHH", 1000, 0, 0) + bytes(12) + b"a" * 1000
    count = 40_000
    with path.open("wb") as file:
        file.write(b"PK\x03\x04" + bytes(26))
        for _ in range(count):
            file.write(member)
        size = count * len(member)
        file.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, 30, 0))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == count
    assert file_kind(path) is None


def test_names_in_an_archive_stay_in_it(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(zipped("\x1b[2J/data.pkl", "\x1b[2J/constants.pkl", "\x1b[2J/code/\nrm -rf"))
    assert file_kind(path) is FileKind.TORCHSCRIPT
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    assert str(caught.value).isprintable()
    assert "rm" not in str(caught.value)


class _Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"echo ran > '{self.marker}'",)


def test_to_look_at_a_file_runs_nothing(tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "weights.pth"
    content = pickle.dumps(_Malicious(marker), protocol=0)
    path.write_bytes(zipped("a/data.pkl", "a/constants.pkl", "a/code/net.py", content=content))
    assert file_kind(path) is FileKind.TORCHSCRIPT
    path.write_bytes(pickle.dumps(_Malicious(marker), protocol=0))
    assert file_kind(path) is FileKind.TEXT
    with pytest.raises(WeightsError, match="run code when it is opened"):  # not that it is text
        load_weights(path)
    assert not marker.exists()


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_kind(tmp_path / "weights.pth")
