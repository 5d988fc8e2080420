"""Errors in training, explained to the user."""

from __future__ import annotations

import errno
import traceback

import torch

from ml.runs.events import Failed
from ml.training.config import TrainConfig


class TrainingError(Exception):
    """Training ended without a result; the message and ``hint`` are written for users."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def explained(error: Exception, config: TrainConfig) -> Failed:
    """What happened and what to do about it. For a bug, the traceback is printed on stderr."""
    match error:
        case TrainingError():
            return Failed(str(error), error.hint)
        case torch.OutOfMemoryError() | MemoryError():
            return _out_of_memory(config)
        case RuntimeError() if "can't allocate memory" in str(error):
            return _out_of_memory(config)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return Failed(
                f"There is no space left on the disk ({error.strerror}).",
                "Free some space, and resume: the last good checkpoint is kept.",
            )
        case ValueError() | OSError():  # their messages are written for users
            return Failed(str(error), "Correct this, then resume or start again.")
    traceback.print_exception(error)
    return Failed(
        f"{type(error).__name__}: {error}", "This is a bug in the program. Please report it."
    )


def _out_of_memory(config: TrainConfig) -> Failed:
    smaller = max(config.batch_size // 2, 2)
    return Failed(
        f"There is not enough memory for batches of {config.batch_size} pictures.",
        f"Start again with a batch size of {smaller}.",
    )
