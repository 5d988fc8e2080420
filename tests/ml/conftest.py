"""Networks that the tests of several rooms use."""

from __future__ import annotations

import pytest
import torch

from ml.expressions import EXPRESSIONS
from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet, state_of
from ml.network.weights import Weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, PublishedNetwork, as_if_trained


@pytest.fixture
def published() -> PublishedNetwork:
    return as_if_trained(PublishedNetwork(SMALL, SMALL_HEAD))


@pytest.fixture(scope="module")
def weights() -> Weights:
    """A tiny network that has learnt nothing, but answers differently to different pictures."""
    torch.manual_seed(0)
    architecture = Architecture(
        channels=(4, 4, 16, 8, 8, 8), head=(8, 8, 8), in_channels=1, input_size=48
    )
    model = ResEmoteNet(architecture)
    with torch.no_grad():  # Fresh from the start it would say nearly the same of everything.
        pictures = torch.rand((64, 1, 48, 48)) * 4 - 2
        logits = model.eval()(pictures)
        scale = 2 / logits.std(0)
        model.fc4.weight *= scale[:, None]
        model.fc4.bias.copy_((model.fc4.bias - logits.mean(0)) * scale)
    state = state_of(model)
    return Weights(architecture, state, mean=(0.5,), std=(0.25,), classes=EXPRESSIONS)
