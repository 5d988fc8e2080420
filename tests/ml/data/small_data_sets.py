"""Data sets of noise in each of their forms, and what reading them must give."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.data.dataset import Dataset
from ml.expressions import EXPRESSIONS, LABELS, Expression
from ml.picture import SIDE

Pixels = npt.NDArray[np.uint8]


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
