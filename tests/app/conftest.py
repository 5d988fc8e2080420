from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from app.application import Application

TINY = [
    "--epochs", "2", "--batch-size", "14", "--channels", "8", "8", "16", "16", "16", "16",
    "--head", "16", "16", "16", "--precision", "float32", "--threads", "1", "--device", "cpu",
]  # fmt: skip
"""Options of a run that takes a second or two."""

WITHOUT_STREAMS = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
"""Runs the command behind it as a windowed program on Windows is: all three streams are None."""
needs_posix_shell = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture(scope="session")
def qapp_cls() -> type[Application]:
    """The program's own, with its theme."""
    return Application


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fer2013.csv of 84 pictures, whose classes differ in brightness."""
    path = tmp_path_factory.mktemp("data") / "fer2013.csv"
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for usage, count in (("Training", 8), ("PublicTest", 2), ("PrivateTest", 2)):
            for label in range(7):
                for _ in range(count):
                    picture = random.integers(0, 60, 48 * 48) + 25 * label
                    writer.writerow([label, " ".join(map(str, picture)), usage])
    return path
