"""What can go wrong in training, in words."""

from __future__ import annotations

import errno
import traceback

import torch

from ml.runs.events import Failed
from ml.training.config import TrainConfig


class TrainingError(Exception):
    """Training ended without a result; the message is for people, as is ``hint``."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def explained(error: Exception, config: TrainConfig) -> Failed:
    """What happened and what to do about it. A fault of the program is also traced on stderr."""
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
                "Free some, and resume: the last good checkpoint is kept.",
            )
        case ValueError() | OSError():  # messages made for people
            return Failed(str(error), "Put that right, and resume or start again.")
    traceback.print_exception(error)
    return Failed(f"{type(error).__name__}: {error}", "This is a fault of the program.")


def _out_of_memory(config: TrainConfig) -> Failed:
    smaller = max(config.batch_size // 2, 2)
    return Failed(
        f"There is not enough memory for batches of {config.batch_size} pictures.",
        f"Start again with a batch size of {smaller}.",
    )
