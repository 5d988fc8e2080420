"""ResEmoteNet on OpenVINO: on processors, Intel GPUs and NPUs."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from ml.network import openvino_runtime
from ml.network.openvino_runtime import Requests
from ml.network.weights import Weights


class OpenVinoNetwork:
    """Gives logits; its precision is the device's own choice unless ``exact``."""

    engine = "OpenVINO"

    def __init__(
        self, weights: Weights, device: str, *, exact: bool, threads: int | None = None
    ) -> None:
        """``device`` as OpenVINO calls it; ``threads`` as for ExpressionClassifier.

        Raises OpenVinoError.
        """
        openvino_runtime.core()  # before what imports OpenVINO itself
        from ml.network.openvino_graph import graph

        model = openvino_runtime.compiled(
            lambda: graph(weights), _digest(weights), device=device, exact=exact, threads=threads
        )
        self._requests = Requests(model, threads)

    def logits(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """float32 [N, 7] in the order of Expression, for grey pictures [N, 48, 48]."""
        with self._requests.one() as request:
            answer = request.infer([np.ascontiguousarray(pictures)])
            return np.array(answer[0], np.float32)  # a copy: the next call writes over the answer


def _digest(weights: Weights) -> bytes:
    """Of all that the graph is made of."""
    shape = (weights.architecture, weights.mean, weights.std, weights.classes)
    digest = hashlib.sha256(repr(shape).encode())
    for name, value in sorted(weights.state.items()):
        digest.update(name.encode())
        digest.update(value.tobytes())
    return digest.digest()
