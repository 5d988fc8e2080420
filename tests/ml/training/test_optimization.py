from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet
from ml.runs.events import Epoch
from ml.training.config import TrainConfig
from ml.training.optimization import Average, learning_rate, make_optimizer, out_of_patience

SMALL = Architecture(channels=(4, 4, 16, 8, 8, 8), head=(8, 8, 8), in_channels=1, input_size=16)


def epochs(*losses: float, best: int = 1) -> list[Epoch]:
    """Finished epochs of these validation losses, the ``best``-th of which was the best."""
    return [
        Epoch(n, 1.0, 0.5, loss, 0.5, 0.4, 0.01, 1.0, n == best)
        for n, loss in enumerate(losses, start=1)
    ]


@given(
    epochs=st.integers(1, 30),
    warmup=st.floats(0, 10),
    batches=st.integers(1, 50),
    schedule=st.sampled_from(["cosine", "plateau", "constant"]),
)
def test_the_learning_rate_stays_between_zero_and_its_peak(
    epochs: int, warmup: float, batches: int, schedule: str
) -> None:
    config = TrainConfig(epochs=epochs, warmup_epochs=warmup, schedule=schedule)
    rates = [learning_rate(config, step, batches, []) for step in range(epochs * batches)]
    assert all(0 <= rate <= config.learning_rate for rate in rates)
    rising = math.ceil(min(warmup, epochs / 2) * batches)
    assert rates[:rising] == sorted(rates[:rising])
    if schedule == "cosine":
        assert rates[rising:] == sorted(rates[rising:], reverse=True)


def test_the_cosine_falls_from_the_peak_to_zero() -> None:
    config = TrainConfig(epochs=10, warmup_epochs=2.0, learning_rate=0.1)
    assert learning_rate(config, 20, 10, []) == pytest.approx(0.1)
    assert learning_rate(config, 60, 10, []) == pytest.approx(0.05)
    assert learning_rate(config, 99, 10, []) < 0.001


def test_a_plateau_lowers_the_learning_rate() -> None:
    config = TrainConfig(schedule="plateau", warmup_epochs=0.0, learning_rate=0.1)
    for losses, expected in (
        ((3, 2, 1), 0.1),
        ((1, 2, 2), 0.1),
        ((1, 2, 2, 2), 0.01),
        ((1, 2, 2, 2, 0.5, 2, 2), 0.01),
        ((1, 2, 2, 2, 2, 2, 2), 0.001),
    ):
        assert learning_rate(config, 0, 1, epochs(*losses)) == pytest.approx(expected)


def test_patience_counts_from_the_best_epoch() -> None:
    assert not out_of_patience(TrainConfig(patience=0), epochs(*range(9)))
    assert not out_of_patience(TrainConfig(patience=2), [])
    assert not out_of_patience(TrainConfig(patience=2), epochs(1, 1, 1, best=2))
    assert out_of_patience(TrainConfig(patience=2), epochs(1, 1, 1, 1, best=2))


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_norms_and_biases_do_not_decay(name: str) -> None:
    network = ResEmoteNet(SMALL)
    optimizer = make_optimizer(TrainConfig(optimizer=name, weight_decay=0.01), network)
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in network.named_parameters():
        plain = "bn" in name or "shortcut.1" in name or name.endswith("bias")
        assert decay[id(parameter)] == (0 if plain else 0.01), name


def test_the_average_follows_the_network() -> None:
    network = ResEmoteNet(SMALL)
    average = Average(network, 0.9)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(1)
    before = {name: value.clone() for name, value in average.network.state_dict().items()}
    average.update(network, step=10_000)
    after = average.network.state_dict()
    torch.testing.assert_close(after["fc1.weight"], before["fc1.weight"] + 0.1)
    torch.testing.assert_close(after["bn1.running_mean"], before["bn1.running_mean"] + 0.1)
    assert after["bn1.num_batches_tracked"] == network.bn1.num_batches_tracked
    assert not average.network.training
    average.update(network, step=0)  # early on the first weights are soon forgotten
    difference = (average.network.fc1.weight - network.fc1.weight).abs()
    torch.testing.assert_close(difference, torch.full_like(difference, 0.09))
