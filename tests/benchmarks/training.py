"""The training loop against the original recipe's, written plainly; its memory and its growth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from ml.data import fer2013
from ml.data.cache import default_cache
from ml.expressions import LABELS
from ml.network.model import ResEmoteNet
from tests.benchmarks.timing import milliseconds
from tests.ml.network.plain_networks import PublishedNetwork

_PICTURES = 1792
"""14 batches of 128."""
_PAPER = ["--channels", "64", "128", "256", "512", "1024", "2048", "--head", "1024", "512", "256"]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        small, large = folder / "small", folder / "large"
        _make_data(small, _PICTURES)
        _make_data(large, 2 * _PICTURES)

        plain = _plain_loop(small)
        run, memory = _train(small, folder / "run", _PAPER)
        ours = run["images_per_second"]
        print(f"original recipe, written plainly    {plain:7.1f} pictures/s")
        print(f"this loop, the paper's network      {ours:7.1f} pictures/s")
        print(f"  over the plain loop               {ours / plain:7.1f} times  (aim: at least 8)")
        print(f"  peak memory                       {memory / 2**30:7.2f} GB     (aim: under 3)")

        peak = _matrix_peak()
        with FlopCounterMode(display=False) as counter:
            ResEmoteNet()(torch.zeros(2, 3, 64, 64)).sum().backward()
        used = counter.get_total_flops() / 2 * ours
        print(f"arithmetic reached                  {used / 1e9:7.0f} GFLOP/s")
        print(f"  of the bfloat16 matrix peak       {used / peak:7.0%}")

        once = run["epoch_seconds"]
        twice = _train(large, folder / "twice", _PAPER)[0]["epoch_seconds"]
        print(f"an epoch of twice the pictures      {twice / once:7.2f} times as long")
        start = time.perf_counter()
        fer2013.load(large, cache_dir=default_cache())
        print(
            f"cached start, {2 * _PICTURES} pictures         {time.perf_counter() - start:7.2f} s"
        )


def _make_data(folder: Path, pictures: int) -> None:
    random = np.random.default_rng(0)
    splits = (
        ("train", "Training", pictures),
        ("test", "PublicTest", 70),
        ("test", "PrivateTest", 70),
    )
    for part, split, count in splits:
        for n in range(count):
            path = folder / part / LABELS[n % 7] / f"{split}_{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = random.integers(0, 255, (12, 12), dtype=np.uint8)
            Image.fromarray(coarse).resize((48, 48)).save(path)


class _Pictures(Dataset[tuple[torch.Tensor, int]]):
    """As the original did: each picture decoded by PIL when it is its turn."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("train/*/*.png"))
        self._labels = [LABELS.index(file.parent.name) for file in self._files]

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = Image.open(self._files[index]).convert("RGB").resize((64, 64))
        if torch.rand(1) < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        x = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return (x - mean[:, None, None]) / std[:, None, None], self._labels[index]


def _plain_loop(folder: Path, steps: int = 12) -> float:
    """Pictures a second: float32, batch 16, SGD, the network with all of its taps."""
    network = PublishedNetwork().train()
    optimizer = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9, weight_decay=1e-4)
    batches = iter(DataLoader(_Pictures(folder), batch_size=16, shuffle=True))
    start = 0.0
    for step in range(steps + 2):
        if step == 2:
            start = time.perf_counter()
        x, labels = next(batches)
        optimizer.zero_grad()
        loss = F.cross_entropy(network(x), labels)
        loss.backward()
        optimizer.step()
        loss.item()
    return steps * 16 / (time.perf_counter() - start)


def _train(data: Path, run: Path, options: list[str]) -> tuple[dict[str, float], float]:
    """The command itself, for two epochs: figures of the second, and its peak memory in bytes."""
    command = [sys.executable, "-m", "ml", "train", str(data), "--run-dir", str(run)]
    child = subprocess.Popen(
        [*command, "--preset", "quick", "--epochs", "2", *options, "--events-stdout"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process, peak = psutil.Process(child.pid), 0
    figures: dict[str, float] = {}
    assert child.stdout is not None
    with child:
        for line in child.stdout:
            event = json.loads(line)
            peak = max(peak, process.memory_info().rss)
            if event["type"] == "batch":
                figures["images_per_second"] = event["images_per_second"]
            elif event["type"] == "epoch":
                figures["epoch_seconds"] = event["seconds"]
    return figures, peak


def _matrix_peak() -> float:
    """FLOP/s of a large bfloat16 product."""
    a, b = (torch.randn(2048, 2048).bfloat16() for _ in range(2))
    return 2 * 2048**3 / (milliseconds(lambda: a @ b, 10) / 1000)
