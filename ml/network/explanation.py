"""Where in a picture a network sees an expression. On torch, for it takes a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from ml.expressions import Expression
from ml.network.input import network_input
from ml.network.model import network_of
from ml.network.weights import Weights
from ml.picture import SIDE


class Explainer:
    """Grad-CAM (Selvaraju et al. 2017, section 3) of a network, on the CPU.

    Of the SE block's maps, which are the last that are still fine enough to tell eyes from a mouth:
    6×6 for an input of 48 pixels. The residual blocks halve them three times more.
    """

    def __init__(self, weights: Weights) -> None:
        network = network_of(weights).requires_grad_(False)
        self._network = network.to(memory_format=torch.channels_last)  # takes half the time
        self._classes = weights.classes
        self._input = partial(
            network_input,
            in_channels=weights.architecture.in_channels,
            input_size=weights.architecture.input_size,
            mean=weights.mean,
            std=weights.std,
        )

    def explain(
        self, pictures: npt.NDArray[np.uint8], expressions: Sequence[Expression] | None = None
    ) -> npt.NDArray[np.float32]:
        """Explanations float32 [N, 48, 48] of grey ``pictures`` [N, 48, 48].

        Each says what speaks for its picture's expression of ``expressions``, or for the most
        probable one: 1 where most does, 0 where nothing does.
        """
        features = self._network.features(self._input(torch.from_numpy(pictures.copy())))
        features.requires_grad_()  # the first that does, so that gradients end here
        logits = self._network.logits(features)
        if expressions is None:
            outputs = logits.argmax(1).tolist()
        else:
            outputs = [self._classes.index(expression) for expression in expressions]
        explained = logits[range(len(pictures)), outputs]
        # One pass for all: no picture's logits depend on another picture.
        (gradients,) = torch.autograd.grad(explained.sum(), features)
        importance = gradients.mean((2, 3), keepdim=True)
        maps = F.relu((importance * features.detach()).sum(1, keepdim=True))
        maps = F.interpolate(maps, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        highest = maps.amax((2, 3), keepdim=True)
        shares = maps / torch.where(highest > 0, highest, 1.0)
        return shares[:, 0].numpy()
