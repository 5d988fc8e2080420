"""What is to be known of a data set before training on it: counts, repeats, contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.data.dataset import Dataset, Split, picture_digest
from ml.data.near_misses import left_out_lines
from ml.expressions import EXPRESSIONS, LABELS, Expression

_EXAMPLES: Final = 5


@dataclass(frozen=True)
class DataCheck:
    """Plain values only, so that ``dataclasses.asdict`` gives JSON.

    ``counts``: split → class → pictures. ``repeats``: split → pictures that are exactly equal to an
    earlier one in it. ``shared``: "PrivateTest in Training" → pictures of the first also in the
    second. ``conflicts``: distinct pictures that carry several labels, some of them in
    ``conflict_examples``.
    """

    protocol: str
    counts: dict[str, dict[str, int]]
    repeats: dict[str, int]
    shared: dict[str, int]
    conflicts: int
    conflict_examples: list[str]
    left_out: dict[str, int]
    bad: list[str]


def check(dataset: Dataset) -> DataCheck:
    splits = dataset.splits()
    digests = {name: _digests(split) for name, split in splits.items()}
    distinct = {name: set(values) for name, values in digests.items()}
    shared = {
        f"{later} in {earlier}": sum(digest in distinct[earlier] for digest in digests[later])
        for earlier, later in combinations(splits, 2)
    }
    conflicts = _conflicts(splits, digests)
    return DataCheck(
        protocol=dataset.protocol,
        counts={name: _count(split.labels) for name, split in splits.items()},
        repeats={name: len(digests[name]) - len(distinct[name]) for name in splits},
        shared=shared,
        conflicts=len(conflicts),
        conflict_examples=conflicts[:_EXAMPLES],
        left_out=dict(dataset.left_out),
        bad=list(dataset.bad),
    )


def contained_in(split: Split, other: Split) -> npt.NDArray[np.bool_]:
    """Marks the pictures of ``split`` that are equal in every pixel to one of ``other`` [N]."""
    known = set(_digests(other))
    return np.array([digest in known for digest in _digests(split)], np.bool_)


def format_check(check: DataCheck) -> str:
    """The check as the lines that a terminal shows."""
    rows = [["", *check.counts]]
    for label in LABELS:
        rows.append([label, *(f"{counts[label]:,}" for counts in check.counts.values())])
    rows.append(["total", *(f"{sum(counts.values()):,}" for counts in check.counts.values())])
    rows.append(["repeats", *(f"{count:,}" for count in check.repeats.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    lines.append("")
    lines += [f"{pair}: {count:,} pictures exactly" for pair, count in check.shared.items()]
    lines.append(f"conflicting labels: {check.conflicts:,} distinct pictures")
    lines += [f"  {example}" for example in check.conflict_examples]
    lines += left_out_lines(check.left_out)
    lines += [f"cannot be used: {problem}" for problem in check.bad]
    lines.append(f"protocol: {check.protocol}")
    return "\n".join(lines)


def _digests(split: Split) -> list[bytes]:
    return [picture_digest(picture) for picture in split.pictures]


def _count(labels: npt.NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(LABELS, np.bincount(labels, minlength=len(EXPRESSIONS)).tolist(), strict=True))


def _conflicts(splits: dict[str, Split], digests: dict[str, list[bytes]]) -> list[str]:
    """One line for each distinct picture with several labels: a name for each of them."""
    seen: dict[bytes, dict[int, str]] = {}
    for name, split in splits.items():
        for digest, label, picture in zip(
            digests[name], split.labels.tolist(), split.names, strict=True
        ):
            seen.setdefault(digest, {}).setdefault(label, picture)
    return [
        ", ".join(f"{name} ({Expression(label).label})" for label, name in labels.items())
        for labels in seen.values()
        if len(labels) > 1
    ]
