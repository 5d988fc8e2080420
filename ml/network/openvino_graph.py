"""ResEmoteNet as an OpenVINO model, made from its weights alone: no torch, no conversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13 as ops

from ml.expressions import EXPRESSIONS
from ml.network.architecture import block_sizes, live_taps, stage_names
from ml.network.weights import State, Weights
from ml.picture import SIDE

_EPSILON: Final = 1e-5
"""Of BatchNorm, torch's default."""

Node = Any
"""An openvino.Node or Output."""


def graph(weights: Weights) -> openvino.Model:
    """From grey pictures uint8 [N, 48, 48] to logits float32 [N, 7] in the order of Expression.

    The input is prepared as by ``ml.network.input``; BatchNorms are folded into the convolutions
    before them, as by ``classifier.folded``.
    """
    a, state = weights.architecture, weights.state
    pictures = ops.parameter([-1, SIDE, SIDE], np.uint8, name="pictures")
    x = _prepared(pictures, weights)
    for stage in (1, 2, 3):
        for name in stage_names(a, stage):
            x = ops.relu(_convolved(x, state, f"conv{name}", f"bn{name}", stride=1, padding=1))
        x = ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
    x = _squeezed_and_excited(x, state)
    for block, size in enumerate(block_sizes(a), start=1):
        x = _residual(x, state, f"res_block{block}", size)
    x = _mean_over_map(x)
    for layer in ("fc1", "fc2", "fc3"):
        x = _connected(x, state[f"{layer}.weight"], state[f"{layer}.bias"])
        if a.head_activation:
            x = ops.relu(x)
    order = [weights.classes.index(expression) for expression in EXPRESSIONS]
    logits = _connected(x, state["fc4.weight"][order], state["fc4.bias"][order])
    return openvino.Model([logits], [pictures], "ResEmoteNet")


def _prepared(pictures: Node, weights: Weights) -> Node:
    size = weights.architecture.input_size
    x = ops.unsqueeze(ops.convert(pictures, np.float32), _integers(1))
    if size != SIDE:
        x = ops.interpolate(
            x,
            _integers([size, size]),
            "linear_onnx",
            "sizes",
            coordinate_transformation_mode="half_pixel",
            axes=_integers([2, 3]),
        )
    mean, std = np.array(weights.mean), np.array(weights.std)
    # (x / 255 - mean) / std; the factor of each channel also makes one channel of grey into three.
    x = ops.multiply(x, _per_channel(1 / (255 * std)))
    return ops.subtract(x, _per_channel(mean / std))


def _convolved(x: Node, state: State, conv: str, norm: str, *, stride: int, padding: int) -> Node:
    factor = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + _EPSILON)
    kernel = state[f"{conv}.weight"] * factor[:, None, None, None]
    bias = (state.get(f"{conv}.bias", 0) - state[f"{norm}.running_mean"]) * factor
    strides, pads = [stride, stride], [padding, padding]
    y = ops.convolution(x, _floats(kernel), strides, pads, pads, [1, 1])
    return ops.add(y, _per_channel(bias + state[f"{norm}.bias"]))


def _squeezed_and_excited(x: Node, state: State) -> Node:
    gates = ops.relu(ops.matmul(_mean_over_map(x), _floats(state["se.fc.0.weight"]), False, True))
    gates = ops.sigmoid(ops.matmul(gates, _floats(state["se.fc.2.weight"]), False, True))
    return ops.multiply(x, ops.unsqueeze(gates, _integers([2, 3])))


def _residual(x: Node, state: State, block: str, size: int) -> Node:
    """``size`` is the side of the map ``x``. What live_taps leave out is left out here too."""
    first, second = live_taps(size, stride=2)[0], live_taps((size + 1) // 2, stride=1)[0]
    y = _convolved(x, state, f"{block}.conv1", f"{block}.bn1", stride=2, padding=1 - first)
    y = _convolved(
        ops.relu(y), state, f"{block}.conv2", f"{block}.bn2", stride=1, padding=1 - second
    )
    shortcut = _convolved(
        x, state, f"{block}.shortcut.0", f"{block}.shortcut.1", stride=2, padding=0
    )
    return ops.relu(ops.add(y, shortcut))


def _connected(x: Node, weight: npt.NDArray[Any], bias: npt.NDArray[Any]) -> Node:
    return ops.add(ops.matmul(x, _floats(weight), False, True), _floats(bias))


def _mean_over_map(x: Node) -> Node:
    return ops.reduce_mean(x, _integers([2, 3]), keep_dims=False)


def _per_channel(values: npt.NDArray[Any]) -> Node:
    return _floats(values.reshape(1, -1, 1, 1))


def _floats(values: npt.NDArray[Any]) -> Node:
    return ops.constant(np.ascontiguousarray(values, np.float32))


def _integers(values: int | Sequence[int]) -> Node:
    return ops.constant(np.array(values, np.int64))
