from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import LABELS


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[DatasetPanel]:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    panel.resize(420, 400)
    panel.show()
    yield panel
    assert panel.shut_down()


def _picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Official names: of each class four training pictures (of sad ten), one in the others."""
    root = tmp_path / "faces"
    seed = 0
    for label in LABELS:
        for name in ("PublicTest_1", "PrivateTest_1"):
            _picture(root / "test" / label / f"{name}.png", seed := seed + 1)
        for n in range(10 if label == "sad" else 4):
            _picture(root / "train" / label / f"Training_{n}.png", seed := seed + 1)
    return root


@pytest.fixture
def spoiled(folder: Path) -> Path:
    """With a repeat, a conflict, a picture in two splits, another class and two bad files."""
    train = folder / "train"
    shutil.copy(train / "happy" / "Training_0.png", train / "happy" / "Training_repeat.png")
    shutil.copy(train / "angry" / "Training_0.png", train / "fear" / "Training_other.png")
    shutil.copy(train / "sad" / "Training_0.png", folder / "test" / "sad" / "PrivateTest_again.png")
    _picture(train / "contempt" / "Training_0.png", 999)
    (train / "sad" / "Training_bad.png").write_bytes(b"no picture")
    (train / "sad" / "Training_empty.png").write_bytes(b"")
    return folder
