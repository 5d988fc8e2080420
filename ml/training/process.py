"""A training run as a process: events to stdout, commands from stdin, signals, memory."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ml.memory import keep_memory
from ml.processor import yield_processor
from ml.runs.events import (
    Event,
    Failed,
)
from ml.runs.folder import RunFolder, RunFolderError, default_runs_folder, named
from ml.runs.summaries import RunState, summarise_run
from ml.training.config import TrainConfig
from ml.training.reports import JsonLines, ProgressBar

_MOVABLE: Final = frozenset(
    {"data", "skip_bad", "ferplus", "teacher", "start_from"}
    | {"device", "devices", "num_nodes", "precision", "threads", "log"}
)
"""Options that may differ when a run is resumed: where and how to compute, not what to learn."""


def run(
    data: Path | None,
    preset: str,
    overrides: dict[str, Any],
    *,
    resume: Path | bool,
    run_dir: Path | None,
    runs_dir: Path | None,
    name: str | None,
    events_stdout: bool,
    detach_on_eof: bool,
    background: bool,
    estimate: bool,
) -> int:
    """Train with the options of the command line; returns the exit status."""
    keep_memory()
    if background:
        yield_processor()
    report: Callable[[Event], None] = JsonLines() if events_stdout else ProgressBar()
    try:
        config, folder, resumed = _config(
            data, preset, overrides, resume, run_dir, runs_dir or default_runs_folder(), name
        )
        # These imports take seconds, so mistakes are reported first.
        from ml.training.engine import estimate_time
        from ml.training.errors import TrainingError
        from ml.training.loop import Controls
        from ml.training.train import train

        if estimate:
            estimate_time(config, report)
            return 0
        controls = Controls()
        detached = threading.Event()
        if detach_on_eof:
            detached.set()
        # Without a stdin (see app.worker) there are no commands, and its end means nothing.
        if events_stdout and sys.__stdin__ is not None and _is_first_process():
            watcher = threading.Thread(
                target=_obey, args=(controls, detached), name="commands", daemon=True
            )
            watcher.start()
        _stop_on_signals(controls.stop, detached)
        try:
            train(config, folder, report, controls, resume=resumed)
        except TrainingError as error:
            if not events_stdout:
                print(f"\n{error} {error.hint}", file=sys.stderr)
            return 1
    except (ValueError, OSError) as error:  # what prevented the start
        if not events_stdout:
            raise
        report(Failed(str(error), ""))
        return 1
    return 0


def _config(
    data: Path | None,
    preset: str,
    overrides: dict[str, Any],
    resume: Path | bool,
    run_dir: Path | None,
    runs_dir: Path,
    name: str | None,
) -> tuple[TrainConfig, RunFolder, bool]:
    """What to train, where, and whether it is an existing run to be resumed."""
    if isinstance(resume, Path):
        path = resume
    elif run_dir:
        path = run_dir
    elif name:
        path = named(runs_dir, name)
    elif resume:
        raise ValueError("Which run should be resumed? Give its folder: --resume RUN_DIR.")
    else:
        path = runs_dir / f"{preset} {time.strftime('%Y-%m-%d %H.%M.%S')}"
    folder = RunFolder(path)
    overrides = _absolute(overrides)  # a run may be resumed from another folder
    if data:
        overrides["data"] = str(data.absolute())
    if isinstance(resume, Path) or (resume and folder.config_file.exists()):
        if summarise_run(folder).state is RunState.FINISHED:
            raise RunFolderError(f"The run {path} is finished; there is nothing to resume.")
        try:
            begun = TrainConfig.from_json(folder.config())
        except ValueError as error:
            raise RunFolderError(f"{folder.config_file}: {error}") from error
        config = dataclasses.replace(begun, **overrides)
        for option in overrides.keys() - _MOVABLE:
            old, new = getattr(begun, option), getattr(config, option)
            if old != new:
                raise ValueError(
                    f"The run {path} began with {option} {old} and cannot continue with {new}. "
                    "Leave the option out, or start a new run from its weights with --start-from."
                )
        return config, folder, True
    if not data:
        raise ValueError(
            "No data set was given. Name a folder, a zip or a csv, before --start-from and "
            "--teacher: these take everything after them as weights files."
        )
    if not data.exists():  # reported at once, not after seconds of imports
        raise ValueError(f"{data} does not exist. Choose another data set.")
    return TrainConfig.of_preset(preset, **overrides), folder, False


def _absolute(overrides: dict[str, Any]) -> dict[str, Any]:
    """``overrides`` with absolute paths of files."""
    changed = dict(overrides)
    if overrides.get("ferplus"):
        changed["ferplus"] = str(Path(overrides["ferplus"]).absolute())
    for name in ("teacher", "start_from"):
        if name in overrides:
            changed[name] = tuple(str(Path(path).absolute()) for path in overrides[name])
    return changed


def _is_first_process() -> bool:
    ranks = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    return all(os.environ.get(rank, "0") == "0" for rank in ranks)


# Commands


def _obey(controls: Any, detached: threading.Event) -> None:  # noqa: ANN401
    """Execute the commands on stdin, until it closes."""
    # Unbuffered: at exit, a thread waiting inside a buffered reader would hold its lock.
    with contextlib.suppress(OSError), io.FileIO(0, closefd=False) as stdin:
        for line in stdin:
            try:
                command = json.loads(line)
                match command:
                    case {"command": "stop"}:
                        controls.stop.set()
                    case {"command": "threads", "count": int(count)} if count >= 0:
                        controls.threads = count
                    case {"command": "detach"}:
                        detached.set()
                    case {"command": "attach"}:
                        detached.clear()
            except (ValueError, RecursionError):
                continue
    if not detached.is_set():  # the window is gone
        controls.stop.set()


def _stop_on_signals(stop: threading.Event, detached: threading.Event) -> None:
    def handle(number: int, _: FrameType | None) -> None:
        if number == getattr(signal, "SIGHUP", None) and detached.is_set():
            return
        if stop.is_set() and number == signal.SIGINT:  # asked twice
            raise KeyboardInterrupt
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handle)
