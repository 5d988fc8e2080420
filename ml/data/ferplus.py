"""The votes of FER+ (Barsoum et al. 2016, arXiv 1608.01041) on FER2013's pictures."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from ml.data.dataset import Dataset, DatasetError
from ml.expressions import EXPRESSIONS, parse_expression


def load_ferplus(path: Path, dataset: Dataset) -> npt.NDArray[np.float32]:
    """Annotators' votes for the training pictures as shares of each picture's votes [N, 10].

    The columns are the seven expressions in their order, then contempt, unknown and NF (no face),
    as in FER+ (Barsoum et al., 2016). ``path`` is a csv of the columns file
    (``train/angry/Training_1.png``) and those ten. Pictures are found by their class and file name,
    whatever the suffix. Raises DatasetError where one is not found.
    """
    votes = _read_votes(path)
    train = dataset.train
    found = []
    for name, label in zip(train.names, train.labels.tolist(), strict=True):
        counts = votes.get((label, PurePosixPath(name).stem))
        if counts is None:
            raise DatasetError(
                f"{path} has no votes for {name}. It must be the file of this data set, whose "
                "pictures must have FER2013's file names."
            )
        found.append(counts)
    counts = np.stack(found)
    shares: npt.NDArray[np.float32] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _read_votes(path: Path) -> dict[tuple[int, str], npt.NDArray[np.float32]]:
    """Votes by class and file name: the seven expressions' in their order, then the others'."""
    votes: dict[tuple[int, str], npt.NDArray[np.float32]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            header = [cell.strip() for cell in next(rows, [])]
            classes = [parse_expression(cell) for cell in header]
            seven = [classes.index(expression) for expression in EXPRESSIONS]
            others = [header.index(name) for name in ("contempt", "unknown", "NF")]
            file = header.index("file")
            for row in rows:
                name = PurePosixPath(row[file].replace("\\", "/"))
                label = parse_expression(name.parent.name)
                counts = np.array([row[column] for column in seven + others], np.float32)
                if label is None or not np.isfinite(counts).all() or counts.min() < 0:
                    raise ValueError(f"row {rows.line_num} makes no sense")
                votes[label, name.stem] = counts
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, IndexError, csv.Error) as error:
        raise DatasetError(
            f"{path} is not a table of FER+ votes (columns file, neutral, happiness, surprise, "
            f"sadness, anger, disgust, fear, contempt, unknown, NF): {error}."
        ) from error
    return votes
