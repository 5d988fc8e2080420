"""Devices, precision and processes of a run: Lightning Fabric, set up from a TrainConfig."""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn

from ml.network.architecture import Architecture
from ml.network.devices import choose_device
from ml.network.model import ResEmoteNet
from ml.network.torch_network import WORTHWHILE
from ml.runs.events import Estimate, Event
from ml.training.config import TrainConfig
from ml.training.setup import load_data, make_architecture

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment

_PRECISIONS: Final[dict[str, Literal["32-true", "bf16-mixed", "16-mixed"]]] = {
    "float32": "32-true",
    "bfloat16": "bf16-mixed",
    "float16": "16-mixed",
}
_STARTED_BY_MPI: Final = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""What mpirun tells the processes that it starts: Open MPI's, and MPICH's with its kin."""
_FORWARD_SHARE: Final = 0.3
"""Roughly what a picture costs in validation, as a share of its time in training."""


def make_fabric(config: TrainConfig, device: torch.device, log_folder: Path) -> Fabric:
    """The engine on ``device.type``; ``config.precision`` must be resolved, not ``auto``.

    Raises ValueError if the packages for ``config.log`` are missing.
    """
    from lightning_fabric import Fabric

    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)  # it only repeats its settings
    return Fabric(
        accelerator=device.type,
        devices=config.devices,
        num_nodes=config.num_nodes,
        strategy="ddp" if config.devices * config.num_nodes > 1 else "auto",
        precision=_PRECISIONS[config.precision],
        plugins=_environment(),
        loggers=_loggers(config, log_folder),
    )


def _environment() -> ClusterEnvironment | None:
    """What started the processes of this run; None leaves the search to the engine.

    Its search ends with MPI, and only to ask for it imports mpi4py where that is installed, which
    starts a daemon that stays as long as this process.
    """
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.plugins.environments.lsf import LSFEnvironment
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    if any(name in os.environ for name in _STARTED_BY_MPI):
        return None
    # In the engine's order: torchrun may run inside SLURM.
    for environment in (TorchElasticEnvironment, SLURMEnvironment, LSFEnvironment):
        if environment.detect():
            return environment()
    return LightningEnvironment()


def _loggers(config: TrainConfig, folder: Path) -> list[Any]:
    try:
        match config.log:
            case "tensorboard":
                fabrics = importlib.import_module("lightning_fabric.loggers.tensorboard")
                return [fabrics.TensorBoardLogger(folder, name="tensorboard", version="")]
            case "wandb":  # it is only in Lightning's larger package
                lightnings = importlib.import_module("pytorch_lightning.loggers")
                return [lightnings.WandbLogger(folder.name, folder, project="face-expression")]
    except ModuleNotFoundError as error:
        raise ValueError(
            f"--log {config.log} needs additional packages: "
            f"pip install face-expression-detector[{config.log}]"
        ) from error
    return []


# Speed


def fastest_precision(config: TrainConfig, architecture: Architecture, device: torch.device) -> str:
    """bfloat16 if a few training steps are faster with it here than with float32."""
    if config.devices * config.num_nodes > 1:  # all processes must make the same choice
        return "bfloat16" if device.type == "cuda" else "float32"
    float32, bfloat16 = (
        seconds_per_picture(architecture, device, precision, pictures=32)
        for precision in ("float32", "bfloat16")
    )
    return "bfloat16" if bfloat16 < WORTHWHILE * float32 else "float32"


def seconds_per_picture(
    architecture: Architecture, device: torch.device, precision: str, pictures: int
) -> float:
    """Of a forward and backward pass: the shortest of three, after a warm-up."""
    network = ResEmoteNet(architecture).to(memory_format=torch.channels_last).to(device)
    a = architecture
    x = torch.rand(pictures, a.in_channels, a.input_size, a.input_size, device=device)
    x = x.contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(pictures, dtype=torch.int64, device=device)
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            logits = network(x)
        loss = F.cross_entropy(logits.float(), labels)
        torch.autograd.backward(loss)
        network.zero_grad()
        loss.item()  # waits for the device
        times.append(time.perf_counter() - start)
    return min(times[1:]) / pictures


def estimate_time(config: TrainConfig, report: Callable[[Event], None]) -> None:
    """Report how long a run would take on this machine, measured with a few steps."""
    dataset = load_data(config, report)
    device = torch.device(choose_device(config.device))
    architecture = make_architecture(config)
    precision = config.precision
    if precision == "auto":
        precision = fastest_precision(config, architecture, device)
    seconds = seconds_per_picture(architecture, device, precision, config.batch_size)
    epoch = seconds * (len(dataset.train) + _FORWARD_SHARE * len(dataset.validation))
    report(
        Estimate(
            precision=precision,
            images_per_second=1 / seconds,
            epoch_seconds=epoch,
            run_seconds=epoch * config.epochs,
        )
    )


# Several processes


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Normalises with the statistics of the whole batch, of which each process holds a part.

    torch's SyncBatchNorm works on GPUs only. All parts must have the same size.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        count = x.numel() / x.shape[1] * distributed.get_world_size()
        sums = torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
        mean, square = _over_all(sums) / count
        variance = square - mean.square()
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum or 0.0)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum or 0.0)
            self.num_batches_tracked.add_(1)
        factor = self.weight * (variance + self.eps).rsqrt()
        offset = self.bias - mean * factor
        normalised: Tensor = values * factor[:, None, None] + offset[:, None, None]
        return normalised.to(x.dtype)


class _OverAll(torch.autograd.Function):
    """The sum over all processes, whose gradient is the sum of all their gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        summed = values.clone()
        distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        summed = gradients[0].contiguous().clone()
        distributed.all_reduce(summed)
        return summed


def _over_all(values: Tensor) -> Tensor:
    summed: Tensor = _OverAll.apply(values)
    return summed


def share_norms(network: nn.Module, fabric: Fabric) -> None:
    """Synchronise BatchNorm, so that results do not depend on the number of processes."""
    if fabric.world_size == 1:
        return
    if fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            shared = SharedBatchNorm2d(module.num_features)
            shared.load_state_dict(module.state_dict())
            network.set_submodule(name, shared)
