from __future__ import annotations

import subprocess
import sys

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.network.architecture import Architecture, parameter_shapes
from ml.network.model import ResEmoteNet

counts = st.integers(1, 40)
architectures = st.builds(
    Architecture,
    channels=st.tuples(counts, counts, st.integers(16, 40), counts, counts, counts),
    head=st.tuples(counts, counts, counts),
    in_channels=st.integers(1, 3),
    input_size=st.integers(8, 80),
    convolutions=st.tuples(*[st.integers(1, 3)] * 3),
    conv_bias=st.booleans(),
)


@settings(max_examples=60)
@given(architectures)
def test_parameter_shapes_are_those_of_the_network(architecture: Architecture) -> None:
    with torch.device("meta"):
        network = ResEmoteNet(architecture)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert parameter_shapes(architecture) == shapes
    assert list(parameter_shapes(architecture)) == list(shapes)


def test_weights_of_our_format_load_without_torch() -> None:
    code = (
        "import sys\n"
        "from ml.network.weights_files import load_weights\n"
        "from resources import bundled_weights\n"
        "load_weights(bundled_weights())\n"
        "print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"
