"""Run folders as training leaves them."""

from __future__ import annotations

from pathlib import Path

from ml.runs.events import Epoch, Failed, Finished, Started, Stopped
from ml.runs.folder import RunFolder


def add_epochs(folder: RunFolder, first: int, last: int, accuracy: float = 0.5) -> None:
    with folder.appending() as append:
        for number in range(first, last + 1):
            append(
                Epoch(
                    epoch=number,
                    train_loss=1.0,
                    train_accuracy=accuracy,
                    validation_loss=1.0,
                    validation_accuracy=accuracy,
                    validation_macro_f1=accuracy,
                    learning_rate=0.1,
                    seconds=30.0,
                    best=False,
                )
            )


def make(parent: Path, name: str, end: str, *, epochs: int = 4, accuracy: float = 0.5) -> Path:
    """A run that began in the order in which it was made."""
    folder = RunFolder.create(
        parent / name, {"data": "/data/faces.zip", "preset": "quick", "epochs": 8}
    )
    time = 1_700_000_000.0 + 3600 * len(list(parent.iterdir()))
    with folder.appending() as append:
        append(Started({}, {}, "", 1, "cpu", "32", 9, 8, 0, 0, 1, time=time))
    add_epochs(folder, 1, epochs, accuracy)
    single = {"accuracy": {"value": accuracy + 0.01}, "macro_f1": {"value": accuracy - 0.01}}
    ends = {
        "finished": Finished("w", {"splits": {"PrivateTest": {"full": {"single": single}}}}),
        "stopped": Stopped(epochs, 0),
        "failed": Failed("The disk is full.", "Free some space."),
    }
    if end in ends:
        with folder.appending() as append:
            append(ends[end])
    return folder.path
