"""A run's config and events, and how they come into its folder."""

from __future__ import annotations

from ml.runs.events import Epoch, Event, Failed, Finished, Started, Stopped
from ml.runs.folder import RunFolder

CONFIG = {"data": "/somewhere/fer.zip", "preset": "quick", "epochs": 3}
STARTED = Started({}, {}, "official", 10, "cpu", "float32", 5, 3, 0, 0, 1)
STOPPED = Stopped(epoch=1, batch=2)
FAILED = Failed("The disk is full.", "Free some.")


def epoch(number: int, accuracy: float = 0.5, seconds: float = 60.0) -> Epoch:
    return Epoch(number, 1.0, 0.5, 1.1, accuracy, 0.4, 0.01, seconds, True)


def finished(split: str = "PrivateTest") -> Finished:
    scores = {"accuracy": {"value": 0.66}, "macro_f1": {"value": 0.62}}
    return Finished("best.safetensors", {"splits": {split: {"full": {"single": scores}}}})


def write(folder: RunFolder, *events: Event) -> None:
    with folder.appending() as append:
        for event in events:
            append(event)
