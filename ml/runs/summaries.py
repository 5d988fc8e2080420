"""The list of training runs: the state of each, derived from what is in its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ml.runs.events import Epoch, Event, Failed, Finished, Started, Stopped
from ml.runs.folder import RunFolder, RunFolderError


class RunState(StrEnum):
    """The state of a run."""

    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"
    CRASHED = "crashed"
    FAILED = "failed"
    FINISHED = "finished"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class RunSummary:
    """A row of the list of runs; None where there is no value yet."""

    path: Path
    state: RunState
    started: float | None = None
    """Seconds since 1970."""
    data: str = ""
    preset: str = ""
    epochs_done: int = 0
    epochs: int = 0
    best_validation_accuracy: float | None = None
    test_accuracy: float | None = None
    test_macro_f1: float | None = None
    seconds: float = 0.0
    """Training time of the finished epochs."""
    problem: str = ""
    """Why a run is damaged or has failed."""
    note: str = ""
    """The user's note."""

    @property
    def name(self) -> str:
        return self.path.name


def list_runs(
    parent: Path, summarise: Callable[[RunFolder], RunSummary] | None = None
) -> list[RunSummary]:
    """All folders in ``parent``, latest first; those that are not a whole run are ``damaged``."""
    try:
        folders = [p for p in parent.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except FileNotFoundError:
        return []
    summaries = [(summarise or summarise_run)(RunFolder(folder)) for folder in sorted(folders)]
    return sorted(summaries, key=lambda summary: -(summary.started or 0.0))


def format_runs(runs: Iterable[RunSummary]) -> str:
    """A table for the terminal."""
    rows = [("name", "state", "data", "epochs", "validation", "test", "macro-F1", "minutes")]
    for run in runs:
        rows.append(
            (
                run.name,
                run.state.value,
                Path(run.data).name,
                f"{run.epochs_done}/{run.epochs}",
                ""
                if run.best_validation_accuracy is None
                else f"{run.best_validation_accuracy:.1%}",
                "" if run.test_accuracy is None else f"{run.test_accuracy:.1%}",
                "" if run.test_macro_f1 is None else f"{run.test_macro_f1:.3f}",
                f"{run.seconds / 60:.0f}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def summarise_run(folder: RunFolder) -> RunSummary:
    """The run's summary, derived from its files. Never raises: it may be ``damaged``."""
    try:
        config = folder.config()
        events = list(folder.read_events(batches=False))
    except (RunFolderError, OSError) as error:
        return RunSummary(folder.path, RunState.DAMAGED, problem=str(error))
    epochs = history(events)
    started = next((event for event in events if isinstance(event, Started)), None)
    finished = next((event for event in events[::-1] if isinstance(event, Finished)), None)
    failed = events[-1] if events and isinstance(events[-1], Failed) else None
    test = _test_figures(finished.evaluation) if finished else {}
    return RunSummary(
        folder.path,
        _state(folder, events),
        started=started.time if started else None,
        data=str(config.get("data", "")),
        preset=str(config.get("preset", "")),
        epochs_done=len(epochs),
        epochs=_number(config.get("epochs")) or 0,
        best_validation_accuracy=max((e.validation_accuracy for e in epochs), default=None),
        test_accuracy=test.get("accuracy"),
        test_macro_f1=test.get("macro_f1"),
        seconds=sum(epoch.seconds for epoch in epochs),
        problem=failed.message if failed else "",
        note=folder.note(),
    )


def _state(folder: RunFolder, events: Iterable[Event]) -> RunState:
    if folder.is_running():
        return RunState.RUNNING
    state = RunState.NEW
    for event in events:
        if isinstance(event, Finished):
            state = RunState.FINISHED
        elif isinstance(event, Stopped):
            state = RunState.STOPPED
        elif isinstance(event, Failed):
            state = RunState.FAILED
        else:  # only a new start follows an end
            state = RunState.CRASHED
    return state


def history(events: Iterable[Event]) -> list[Epoch]:
    """The finished epochs in order. One that was trained again after a crash counts once."""
    epochs: dict[int, Epoch] = {}
    for event in events:
        if isinstance(event, Epoch):
            epochs[event.epoch] = event
    return [epochs[number] for number in sorted(epochs)]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _test_figures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Accuracy and macro-F1 on the test split, where there is one."""
    for name in ("PrivateTest", "test"):
        with contextlib.suppress(KeyError, TypeError):
            scores = evaluation["splits"][name]["full"]["single"]
            return {figure: scores[figure]["value"] for figure in ("accuracy", "macro_f1")}
    return {}
