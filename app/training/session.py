"""The current run: owns its process, or follows one that another window started."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.ml_process import start_detached
from app.training.process import RunFollower, TrainingProcess


class State(Enum):
    IDLE = auto()
    TRAINING = auto()
    FOLLOWING = auto()
    """The run is trained by a process that is not a child of this window."""
    STOPPING = auto()


class TrainingSession(QObject):
    """Starts, follows, stops and resumes one run at a time."""

    state_changed = Signal(object)
    told = Signal(object)
    """An ml.runs.events.Event."""
    ended = Signal(str)
    """Why, if the run ended without reporting it; empty otherwise."""
    silent = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State.IDLE
        self.path: Path | None = None
        """The folder of the current run, or of the last one."""
        self._process = TrainingProcess(self)
        self._process.told.connect(self.told)
        self._process.silent.connect(self.silent)
        self._process.ended.connect(self._on_ended)
        self._follower: RunFollower | None = None
        self._threads = 0
        self._outlive = False

    @property
    def active(self) -> bool:
        return self.state is not State.IDLE

    @property
    def owns_process(self) -> bool:
        """Whether closing the window affects the run."""
        return self._process.running

    def start(self, data: Path, path: Path, options: Sequence[str]) -> None:
        self._run([str(data), "--run-dir", str(path), *options], path)

    def resume(self, path: Path) -> None:
        self._run(["--resume", str(path)], path)

    def follow(self, path: Path) -> None:
        """Follow a run that is trained by an independent process."""
        assert self.state is State.IDLE
        self.path = path
        self._follower = RunFollower(path, self)
        self._follower.told.connect(self.told)
        self._follower.ended.connect(self._on_ended)
        self._follower.start()
        self._enter(State.FOLLOWING)

    def stop(self) -> None:
        """Save a checkpoint and stop at the next batch."""
        if self._follower is not None:
            self._follower.stop_run()
        elif self.state is State.TRAINING:
            self._process.stop()
        self._enter(State.STOPPING)

    def kill(self) -> None:
        self._process.kill()

    def use_threads(self, count: int) -> None:
        """Use ``count`` processor threads from the next batch on; 0: as configured."""
        self._threads = count
        self._process.use_threads(count)

    def outlive_window(self, outlive: bool) -> None:
        """Whether training continues if this program ends unexpectedly."""
        self._outlive = outlive
        self._process.outlive_window(outlive)

    def go_on_without_window(self) -> bool:
        """Hand the run over to an independent process; returns whether that worked.

        A child cannot be detached, but stopping and resuming give bit-for-bit the same numbers.
        """
        path, trained = self.path, self._process.running
        self.shut_down()
        if not trained or path is None:
            return True
        return start_detached(["train", "--resume", str(path), "--detach-on-eof", "--background"])

    def shut_down(self) -> bool:
        """Stop a child with a checkpoint, leave a followed run alone; whether all ended in time."""
        ended = self._process.shut_down()
        if self._follower is not None:
            ended = self._follower.shut_down() and ended
        return ended

    def _run(self, arguments: list[str], path: Path) -> None:
        assert self.state is State.IDLE
        self.path = path
        self._process.start(arguments)
        if self._threads:
            self._process.use_threads(self._threads)
        if self._outlive:
            self._process.outlive_window(True)
        self._enter(State.TRAINING)

    def _enter(self, state: State) -> None:
        self.state = state
        self.state_changed.emit(state)

    @Slot(str)
    def _on_ended(self, why: str) -> None:
        if self._follower is not None:
            self._follower.shut_down()
            self._follower.deleteLater()
            self._follower = None
        self._enter(State.IDLE)
        self.ended.emit(why)
