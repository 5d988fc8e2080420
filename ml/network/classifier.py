"""From 48×48 faces to probabilities, on the best device, with the fastest engine there."""

from __future__ import annotations

import logging
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ml.expressions import EXPRESSIONS
from ml.network.devices import OPENVINO_PREFIX, choose_device
from ml.network.openvino_network import OpenVinoNetwork
from ml.network.openvino_runtime import OpenVinoError
from ml.network.weights import Weights

_log = logging.getLogger(__name__)

_CHUNK: Final = 256
"""Pictures that are classified at once."""


class _Network(Protocol):
    engine: str
    """What computes, for people."""

    def logits(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """float32 [N, 7] in the order of Expression, for grey pictures [N, 48, 48]."""


class ExpressionClassifier:
    """A trained network, ready to classify expressions."""

    def __init__(
        self,
        weights: Weights,
        device: str | None = None,
        *,
        exact: bool = False,
        threads: int | None = None,
    ) -> None:
        """``exact`` keeps to float32 where bfloat16 is faster, for figures that others check.

        As many ``threads`` can ask at once, and each question takes one core; without, one can ask,
        and is answered soonest, by all cores.
        Raises ValueError for a device that is not here or cannot run the network.
        """
        self.device = device or choose_device()
        self.temperature = weights.temperature
        """The logits are divided by it before the softmax (Guo et al. 2017)."""
        self._network = _network(weights, self.device, exact=exact, threads=threads)

    @property
    def engine(self) -> str:
        """What computes: OpenVINO or PyTorch."""
        return self._network.engine

    def logits(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Logits float32 [N, 7] in the order of Expression, before the temperature.

        ``pictures`` are grey uint8 [N, 48, 48].
        """
        chunks = [
            self._network.logits(pictures[i : i + _CHUNK]) for i in range(0, len(pictures), _CHUNK)
        ]
        return np.concatenate(chunks) if chunks else np.empty((0, len(EXPRESSIONS)), np.float32)

    def probabilities(
        self, pictures: npt.NDArray[np.uint8], views: int = 1
    ) -> npt.NDArray[np.float32]:
        """Calibrated probabilities float32 [N / views, 7] in the order of Expression.

        Each ``views`` pictures in a row are of one face: their log-probabilities are averaged.
        """
        logits = self.logits(pictures) / np.float32(self.temperature)
        logits = logits.reshape(-1, views, len(EXPRESSIONS)).mean(axis=1)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: npt.NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return shares


def _network(weights: Weights, device: str, *, exact: bool, threads: int | None) -> _Network:
    if device.startswith(OPENVINO_PREFIX):
        name = device.removeprefix(OPENVINO_PREFIX)
        try:
            return OpenVinoNetwork(weights, name, exact=exact, threads=threads)
        except OpenVinoError as error:
            raise ValueError(f"{device} cannot run this network: {error}.") from error
    if device == "cpu":
        try:
            return OpenVinoNetwork(weights, "CPU", exact=exact, threads=threads)
        except OpenVinoError as error:
            _log.warning("OpenVINO cannot run here, so PyTorch does: %s", error)
    from ml.network.torch_network import TorchNetwork  # a second, which OpenVINO does not take

    return TorchNetwork(weights, device, exact=exact)
