"""From 48×48 faces to probabilities, on the best device, in the fastest precision."""

from __future__ import annotations

import copy
import time
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ml.expressions import EXPRESSIONS
from ml.network.input import network_input
from ml.network.model import ResEmoteNet
from ml.network.weights import Weights
from ml.picture import SIDE

_CHUNK: Final = 256
WORTHWHILE: Final = 0.95
"""bfloat16 must take less than this share of float32's time to be worth its rounding."""


def available_devices() -> list[str]:
    """The devices of this machine that networks can run on, in order of preference."""
    devices = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(wanted: str = "auto") -> torch.device:
    """``wanted`` as a device; ``auto`` is CUDA, else Apple's MPS, else the CPU.

    Raises ValueError if that device is not available.
    """
    devices = available_devices()
    if wanted == "auto":
        return torch.device(devices[0])
    if wanted not in devices and f"{wanted}:0" not in devices:
        raise ValueError(
            f"The device {wanted} is not available. Choose one of {', '.join(devices)}."
        )
    return torch.device(wanted)


class ExpressionClassifier:
    """A trained network, ready to predict expressions."""

    def __init__(
        self, weights: Weights, device: torch.device | None = None, *, exact: bool = False
    ) -> None:
        """``exact`` uses float32 even where bfloat16 is faster, for reproducible numbers.

        ``device`` is chosen automatically if it is None.
        """
        self.weights = weights
        self.device = device or choose_device()
        model = folded(weights.model()).to(memory_format=torch.channels_last)
        self._models = {
            dtype: copy.deepcopy(model).to(self.device, dtype)
            for dtype in (torch.float32, torch.bfloat16)
        }
        # Outputs are put in the order of Expression, whatever order they were trained in.
        self._order = torch.tensor([weights.classes.index(e) for e in EXPRESSIONS])
        self._bfloat16_from = float("inf") if exact else self._measure_bfloat16()

    def logits(self, pictures: npt.NDArray[np.uint8]) -> Tensor:
        """Logits float32 [N, 7] in the order of Expression, before the temperature.

        ``pictures`` are grey uint8 [N, 48, 48].
        """
        if not len(pictures):
            return torch.empty((0, len(EXPRESSIONS)))
        chunks = [
            self._forward(torch.from_numpy(np.ascontiguousarray(pictures[i : i + _CHUNK])))
            for i in range(0, len(pictures), _CHUNK)
        ]
        return torch.cat(chunks)[:, self._order]

    def probabilities(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Calibrated probabilities float32 [N, 7] in the order of Expression.

        ``pictures`` are grey uint8 [N, 48, 48].
        """
        softmax = torch.softmax(self.logits(pictures) / self.weights.temperature, dim=1)
        return np.asarray(softmax.numpy(), dtype=np.float32)

    def _forward(self, pictures: Tensor) -> Tensor:
        weights = self.weights
        dtype = torch.bfloat16 if len(pictures) >= self._bfloat16_from else torch.float32
        x = network_input(
            pictures.to(self.device),
            in_channels=weights.architecture.in_channels,
            input_size=weights.architecture.input_size,
            mean=weights.mean,
            std=weights.std,
        ).to(dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            logits: Tensor = self._models[dtype](x)
        return logits.float().cpu()

    def _measure_bfloat16(self) -> float:
        """The smallest batch for which bfloat16 is faster on this CPU; infinite if there is none.

        Processors without bfloat16 instructions emulate them slowly, and even with them a single
        face can be faster in float32.
        """
        if self.device.type != "cpu":
            return float("inf")
        for batch in (1, 2, 8, _CHUNK // 4):
            pictures = torch.zeros((batch, SIDE, SIDE), dtype=torch.uint8)
            float32, bfloat16 = (
                self._seconds(pictures, bfloat16=wanted) for wanted in (False, True)
            )
            if bfloat16 < WORTHWHILE * float32:
                return batch
        return float("inf")

    def _seconds(self, pictures: Tensor, *, bfloat16: bool) -> float:
        """Of a forward pass: the shortest of four, after a warm-up."""
        self._bfloat16_from = 0 if bfloat16 else float("inf")
        self._forward(pictures)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            self._forward(pictures)
            times.append(time.perf_counter() - start)
        return min(times)


def folded(model: ResEmoteNet) -> ResEmoteNet:
    """A copy of ``model`` for inference, each BatchNorm folded into the convolution before it."""
    model = copy.deepcopy(model).eval()

    def fold(owner: nn.Module, conv_name: str, norm_name: str) -> None:
        conv, norm = owner.get_submodule(conv_name), owner.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        owner.set_submodule(conv_name, fuse_conv_bn_eval(conv, norm))
        owner.set_submodule(norm_name, nn.Identity())

    for n in (1, 2, 3):
        for name in model.stage(n):
            fold(model, f"conv{name}", f"bn{name}")
        block = model.get_submodule(f"res_block{n}")
        fold(block, "conv1", "bn1")
        fold(block, "conv2", "bn2")
        fold(block, "shortcut.0", "shortcut.1")
    return model
