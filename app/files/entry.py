"""What is in the queue: each item, how far its analysis is, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from ml.batch.items import Item, Kind
from ml.batch.messages import Done, Failed, Job, Outcome, Progress


class State(Enum):
    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()


@dataclass(frozen=True, eq=False)
class Entry:
    """A row; replaced by another one when something of it changes."""

    item: Item
    seconds: float | None = None
    """Of a video, as it tells them; None until they are read, or if it does not."""
    job: Job | None = None
    """The last that was begun."""
    began: float = 0.0
    """When it was, by ``time.monotonic``."""
    progress: Progress | None = None
    spent: float = 0.0
    """Seconds that the job has taken so far."""
    outcome: Outcome | None = None

    @property
    def state(self) -> State:
        match self.outcome:
            case Done():
                return State.DONE
            case Failed():
                return State.FAILED
        return State.RUNNING if self.job is not None else State.WAITING

    @property
    def finished(self) -> bool:
        return self.outcome is not None

    @property
    def source(self) -> str:
        """Where it comes from: a video, or the folder of the pictures."""
        file = self.item.files[0]
        return str(file if self.item.kind is Kind.VIDEO else file.parent)

    @property
    def recording(self) -> Path | None:
        """The folder of what it became."""
        return self.job.folder if self.job is not None and self.state is State.DONE else None

    @property
    def reason(self) -> str:
        """Why it failed, or what is wrong with its result; a line each."""
        match self.outcome:
            case Failed(reason, problems):
                return "\n".join((reason, *problems.values()))
            case Done(problems=problems):
                return "\n".join(f"{name}: {why}" for name, why in problems.items())
        return ""

    @property
    def faces(self) -> int | None:
        """Found so far."""
        if isinstance(self.outcome, Done):
            return self.outcome.faces
        return self.progress.faces if self.progress is not None else None

    # How far it is

    @property
    def amount(self) -> float | None:
        """All there is to analyse: pictures, or seconds of a video; None if it is not known."""
        if self.item.kind is Kind.PICTURES:
            return len(self.item.files)
        if isinstance(self.outcome, Done):
            return self.outcome.seconds
        told = self.progress.total if self.progress is not None else None
        return told or self.seconds

    @property
    def analysed(self) -> float:
        """How much of it is done."""
        if isinstance(self.outcome, Done):
            return self.amount or 0.0
        return self.progress.done if self.progress is not None else 0.0

    @property
    def fraction(self) -> float:
        """0 to 1; 1 when nothing more is to be done."""
        if self.finished:
            return 1.0
        return min(self.analysed / self.amount, 1.0) if self.amount else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until it is done, at the speed it had so far; None if that is not known."""
        if self.state is not State.RUNNING or not self.amount or not self.analysed:
            return None
        return self.spent * max(self.amount - self.analysed, 0.0) / self.analysed
