from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as distributed
from torch import nn

from ml.network.architecture import Architecture
from ml.training.config import TrainConfig
from ml.training.engine import (
    SharedBatchNorm2d,
    fastest_precision,
    make_fabric,
    seconds_per_picture,
)
from tests.ml.training.tiny_runs import make_pictures, options

ROOT = Path(__file__).parents[3]
CPU = torch.device("cpu")
SMALL = Architecture(channels=(8, 8, 16, 16, 16, 16), head=(8, 8, 8), in_channels=1)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """A group of this process only."""
    store = distributed.FileStore(str(tmp_path / "store"), 1)  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_the_shared_norm_of_one_process_is_the_plain_one(alone: None) -> None:
    """What it adds over more of them is tested with training in two processes."""
    torch.manual_seed(0)
    plain, shared = nn.BatchNorm2d(3).double(), SharedBatchNorm2d(3).double()
    with torch.no_grad():
        plain.weight.uniform_(0.5, 2)
        plain.bias.uniform_(-1, 1)
    shared.load_state_dict(plain.state_dict())
    x = (torch.randn(4, 3, 5, 5, dtype=torch.float64) * 3 + 2).requires_grad_()
    y = x.detach().clone().requires_grad_()
    for norm, values in ((plain, x), (shared, y)):
        norm(values).square().sin().sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(y.grad, x.grad)
    for name, value in plain.named_parameters():
        torch.testing.assert_close(shared.get_parameter(name).grad, value.grad)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], value)
    plain.eval()
    shared.eval()
    torch.testing.assert_close(shared(y), plain(x))


def test_as_many_devices_as_asked_for_whatever_the_first_is_called(tmp_path: Path) -> None:
    """``auto`` names the first GPU with a number, which must not become all there is."""
    fabric = make_fabric(
        TrainConfig(devices=2, precision="float32"), torch.device("cpu:0"), tmp_path
    )
    assert fabric.world_size == 2


@pytest.fixture
def mpi_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Written when a child process imports mpi4py, of which there is an imitation to import."""
    marker, packages = tmp_path / "imported", tmp_path / "packages"
    (packages / "mpi4py").mkdir(parents=True)
    (packages / "mpi4py" / "__init__.py").write_text("")
    (packages / "mpi4py" / "MPI.py").write_text(
        f"open({str(marker)!r}, 'w').close()\n"
        "class COMM_WORLD:\n"
        "    Get_size = staticmethod(lambda: 1)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(packages), str(ROOT)]))
    return marker


def test_training_looks_for_no_mpi(tmp_path: Path, mpi_marker: Path) -> None:
    """To ask for it starts a daemon, where mpi4py is installed; several devices: see below."""
    data = make_pictures(tmp_path / "data", train=4, others=1)
    command = ["train", data, "--run-dir", tmp_path / "run", *options(epochs=1)]
    child = subprocess.run(
        [sys.executable, "-m", "ml", *map(str, command)], cwd=ROOT, capture_output=True, check=False
    )
    assert child.returncode == 0, child.stderr.decode()
    assert not mpi_marker.exists()


ENVIRONMENTS = """
import json, os, sys
from pathlib import Path
from unittest.mock import patch
import torch
from ml.training.config import TrainConfig
from ml.training.engine import make_fabric

config = TrainConfig(precision="float32", devices=2, num_nodes=2)
for variables in json.loads(sys.argv[1]):
    with patch.dict(os.environ, variables):
        fabric = make_fabric(config, torch.device("cpu"), Path("."))
        environment = type(fabric._connector.cluster_environment).__name__
        print(environment, fabric.global_rank, fabric.world_size)
"""
TORCHRUN = {"TORCHELASTIC_RUN_ID": "1", "RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}
SLURM = {
    "SLURM_JOB_NAME": "train",
    "SLURM_NTASKS": "4",
    "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_PROCID": "2",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "1",
}


def found_environments(*cases: dict[str, str]) -> list[str]:
    """Kind, rank and number of processes in each; in a child, because they set global ranks."""
    child = subprocess.run(
        [sys.executable, "-c", ENVIRONMENTS, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()


def test_what_started_several_processes_is_found(mpi_marker: Path) -> None:
    cases = ({}, {"NODE_RANK": "1", "LOCAL_RANK": "1"}, TORCHRUN, SLURM, SLURM | TORCHRUN)
    assert found_environments(*cases) == [
        "LightningEnvironment 0 4",
        "LightningEnvironment 3 4",
        "TorchElasticEnvironment 3 4",
        "SLURMEnvironment 2 4",
        "TorchElasticEnvironment 3 4",
    ]
    assert not mpi_marker.exists()


@pytest.mark.parametrize("name", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"])
def test_mpi_is_looked_for_where_it_started_the_process(mpi_marker: Path, name: str) -> None:
    found_environments({name: "4"})
    assert mpi_marker.exists()


def test_the_faster_precision_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"float32": 1.0, "bfloat16": 0.5}
    monkeypatch.setattr(
        "ml.training.engine.seconds_per_picture", lambda *arguments, **_: seconds[arguments[2]]
    )
    assert fastest_precision(TrainConfig(), SMALL, CPU) == "bfloat16"
    seconds["bfloat16"] = 0.99  # not worth the rounding
    assert fastest_precision(TrainConfig(), SMALL, CPU) == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_steps_can_be_timed_in_every_precision(precision: str) -> None:
    assert seconds_per_picture(SMALL, CPU, precision, pictures=2) > 0


def test_the_precision_is_what_the_engine_computes_in(tmp_path: Path) -> None:
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        fabric = make_fabric(TrainConfig(precision=precision), CPU, tmp_path)
        with fabric.autocast():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
