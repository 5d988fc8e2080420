"""ResEmoteNet on torch: on GPUs, and on processors where OpenVINO does not run."""

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
from ml.network.model import ResEmoteNet, network_of
from ml.network.weights import Weights
from ml.picture import SIDE

WORTHWHILE: Final = 0.95
"""Share of float32's time that bfloat16 must stay under to be worth its rounding."""
_LARGE: Final = 64


class TorchNetwork:
    """Gives logits, in the precision that is measured to be fastest here."""

    engine = "PyTorch"

    def __init__(self, weights: Weights, device: str, *, exact: bool) -> None:
        self._device = torch.device(device)
        self._input = {
            "in_channels": weights.architecture.in_channels,
            "input_size": weights.architecture.input_size,
            "mean": weights.mean,
            "std": weights.std,
        }
        model = folded(network_of(weights)).to(memory_format=torch.channels_last)
        self._models = {
            dtype: copy.deepcopy(model).to(self._device, dtype)
            for dtype in (torch.float32, torch.bfloat16)
        }
        # Outputs in the order of Expression, whatever the order the file was trained in.
        self._order = torch.tensor([weights.classes.index(e) for e in EXPRESSIONS])
        self._bfloat16_from = float("inf") if exact else self._measure_bfloat16()

    def logits(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """float32 [N, 7] in the order of Expression, for grey pictures [N, 48, 48]."""
        logits = self._forward(torch.from_numpy(np.ascontiguousarray(pictures)))
        return logits[:, self._order].numpy()

    def _forward(self, pictures: Tensor) -> Tensor:
        dtype = torch.bfloat16 if len(pictures) >= self._bfloat16_from else torch.float32
        x = network_input(pictures.to(self._device), **self._input)  # type: ignore[arg-type]
        x = x.to(dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            logits: Tensor = self._models[dtype](x)
        return logits.float().cpu()

    def _measure_bfloat16(self) -> float:
        """The least batch for which bfloat16 is faster on this CPU; infinite if none is.

        Processors without bfloat16 instructions emulate them slowly, and even with them a single
        face can be faster in float32.
        """
        if self._device.type != "cpu":
            return float("inf")
        for batch in (1, 2, 8, _LARGE):
            pictures = torch.zeros((batch, SIDE, SIDE), dtype=torch.uint8)
            float32, bfloat16 = (
                self._seconds(pictures, bfloat16=wanted) for wanted in (False, True)
            )
            if bfloat16 < WORTHWHILE * float32:
                return batch
        return float("inf")

    def _seconds(self, pictures: Tensor, *, bfloat16: bool) -> float:
        """The least of some runs, after one that is not counted."""
        self._bfloat16_from = 0 if bfloat16 else float("inf")
        self._forward(pictures)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            self._forward(pictures)
            times.append(time.perf_counter() - start)
        return min(times)


def folded(model: ResEmoteNet) -> ResEmoteNet:
    """``model`` for inference, with each BatchNorm worked into the convolution before it."""
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
