"""The metrics of the averaged weights after an epoch, on the validation split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from ml.data.dataset import Split
from ml.expressions import EXPRESSIONS
from ml.network.input import network_input
from ml.network.model import ResEmoteNet
from ml.network.torch_network import folded

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_CHUNK: Final = 256


@dataclass(frozen=True)
class Figures:
    """Mean cross-entropy; accuracy and macro-F1 from 0 to 1."""

    loss: float
    accuracy: float
    macro_f1: float


def validate(
    network: ResEmoteNet, split: Split, inputs: Mapping[str, Any], fabric: Fabric, smoothing: float
) -> Figures:
    """Of ``network`` on ``split``.

    ``inputs`` are ``network_input``'s options; ``smoothing`` is the loss's label smoothing.
    """
    # Takes a second, which a run that is only started, or refused, need not wait for.
    from torchmetrics.functional.classification import multiclass_f1_score

    logits, labels = _logits(network, split, inputs, fabric), torch.from_numpy(split.labels)
    return Figures(
        loss=F.cross_entropy(logits, labels, label_smoothing=smoothing).item(),
        accuracy=(logits.argmax(1) == labels).double().mean().item(),
        macro_f1=multiclass_f1_score(logits, labels, len(EXPRESSIONS), average="macro").item(),
    )


@torch.no_grad()
def _logits(
    network: ResEmoteNet, split: Split, inputs: Mapping[str, Any], fabric: Fabric
) -> Tensor:
    """float32 [N, 7], on the CPU."""
    network = folded(network)
    chunks = []
    for start in range(0, len(split), _CHUNK):
        pictures = torch.from_numpy(split.pictures[start : start + _CHUNK])
        x = network_input(pictures.to(fabric.device), **inputs)
        with fabric.autocast():
            logits = network(x.contiguous(memory_format=torch.channels_last))
        chunks.append(logits.float().cpu())
    return torch.cat(chunks)
