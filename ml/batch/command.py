"""``python -m ml analyze``: the files, folder by folder, and what came of them."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePath
from typing import Final

from tqdm import tqdm

from ml.archives import printable
from ml.batch import workers
from ml.batch.finding import LeftOut, find
from ml.batch.items import Kind
from ml.batch.messages import Done, Failed, Job, Message, Outcome, Progress
from ml.batch.options import BatchOptions
from ml.batch.summary import write_summary

_SUMMARY: Final = "summary.csv"
_LONGEST: Final = 2000
"""Characters of a line; names of others may have anything in them."""


def analyze(
    paths: Sequence[Path],
    out: Path,
    options: BatchOptions,
    *,
    kinds: Sequence[Kind] = tuple(Kind),
    worker_processes: int = 1,
    summary: Path | None = None,
    scheduler: str | None = None,
) -> int:
    """Returns the exit status: 0 if all went well, 1 if something could not be analysed.

    ``summary`` is the file for it; None for one in ``out``. ``scheduler`` is the address of a Dask
    cluster that does the work. Raises ValueError, OSError.
    """
    summary = summary or out / _SUMMARY
    _check(out, summary)
    found = find(paths, kinds, results=out)
    jobs = [Job(item, out.absolute(), options) for item in found.items]
    for left_out in found.left_out:
        if not left_out.serious:
            _tell(f"Left out: {left_out.path} {left_out.reason}.")
    if not jobs:
        _tell("There is nothing to analyse.")
    if scheduler is not None:
        from ml.batch import cluster  # an extra, which need not be there

        said: Generator[tuple[Job, Message]] = cluster.run(jobs, scheduler)
    else:
        said = workers.run(jobs, worker_processes)
    with closing(said):
        outcomes = _watched(said, jobs)
    failures = [*_unfound(found.left_out), *_failures(jobs, outcomes)]
    done = [job for job in jobs if isinstance(outcomes[job.item.place], Done)]
    try:
        failures += write_summary(done, summary)
    except OSError as error:
        failures.append(f"{summary} cannot be written: {error.strerror or error}.")
    if not failures:
        return 0
    _tell(f"{len(failures)} could not be analysed, or not to the end:")
    for failure in failures:
        _tell(f"  {failure}")
    return 1


def _check(out: Path, summary: Path) -> None:
    """Before hours of work. Raises ValueError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        summary.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{error.filename} cannot be created: {error.strerror}. Choose another folder for "
            "results."
        ) from error
    if summary.is_dir():
        raise ValueError(f"{summary} is a folder. Name a file for the summary.")


def _watched(
    said: Iterable[tuple[Job, Message]], jobs: Sequence[Job]
) -> Mapping[PurePath, Outcome]:
    """Shows what is said; returns what came of each job, by the place of its item."""
    outcomes: dict[PurePath, Outcome] = {}
    faces: dict[PurePath, int] = {}
    shares: dict[PurePath, float] = {}
    bar = tqdm(
        total=len(jobs),
        unit="file",
        disable=None,  # where nobody watches
        bar_format="{desc}{percentage:3.0f}% {bar} {elapsed}, {remaining} left{postfix}",
    )
    with bar:
        for job, message in said:
            place = job.item.place
            if isinstance(message, Progress):
                shares[place] = min(message.done / message.total, 1.0) if message.total else 0.0
                faces[place] = message.faces
            else:
                shares[place] = 1.0
                outcomes[place] = message
                faces[place] = message.faces if isinstance(message, Done) else 0
                tqdm.write(printable(f"{place}: {_words(message)}", _LONGEST))
            bar.n = sum(shares.values())
            bar.set_postfix_str(f"{len(outcomes)} of {len(jobs)}, {sum(faces.values())} faces")
    return outcomes


def _words(outcome: Outcome) -> str:
    if isinstance(outcome, Failed):
        return f"failed. {outcome.reason}"
    what = f"{outcome.frames} frames, {outcome.faces} faces"
    if outcome.turned:
        what += f", turned by {outcome.turned}°"
    if outcome.problems:
        what += f", {len(outcome.problems)} with problems"
    return f"{what}, unchanged" if outcome.unchanged else what


def _unfound(left_out: Iterable[LeftOut]) -> list[str]:
    return [f"{each.path} {each.reason}." for each in left_out if each.serious]


def _failures(jobs: Iterable[Job], outcomes: Mapping[PurePath, Outcome]) -> list[str]:
    failures = []
    for job in jobs:
        outcome = outcomes[job.item.place]
        folder = job.item.files[0].parent
        for name, reason in outcome.problems.items():
            failures.append(f"{folder / name}: {reason}")
        if isinstance(outcome, Failed) and not outcome.problems:
            failures.append(f"{job.item.source}: {outcome.reason}")
    return failures


def _tell(text: str) -> None:
    print(printable(text, _LONGEST), file=sys.stderr, flush=True)
