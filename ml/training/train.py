"""A run from start to end: engine, folder, lock, and error messages."""

from __future__ import annotations

import contextlib
import dataclasses
import os

import torch

from ml.network.devices import choose_device
from ml.runs.events import Event
from ml.runs.folder import RunFolder
from ml.training.config import TrainConfig
from ml.training.engine import fastest_precision, make_fabric
from ml.training.errors import TrainingError, explained
from ml.training.loop import Controls, Report, Run
from ml.training.setup import make_architecture


def train(
    config: TrainConfig,
    folder: RunFolder,
    report: Report,
    controls: Controls | None = None,
    *,
    resume: bool = False,
) -> bool:
    """Train until the end, or until asked to stop; returns whether the run is finished.

    ``folder`` must be new, or hold the run to ``resume``. Every event is in events.jsonl before
    ``report`` is called with it. Raises ValueError or OSError if the run cannot start, and
    TrainingError after a Failed event.
    """
    device = torch.device(choose_device(config.device))
    if config.precision == "auto":
        precision = fastest_precision(config, make_architecture(config), device)
        config = dataclasses.replace(config, precision=precision)
    fabric = make_fabric(config, device, folder.path)
    with contextlib.ExitStack() as stack:

        def tell(event: Event) -> None:
            if fabric.is_global_zero:
                append(event)
                report(event)

        if fabric.is_global_zero:
            if not resume:
                RunFolder.create(folder.path, dataclasses.asdict(config))
            stack.enter_context(folder.locked())
            append = stack.enter_context(folder.appending())
        try:
            if "LT_CLI_USED" not in os.environ:  # else `fabric run` has started the processes
                fabric.launch()
            run = Run(config, fabric, folder, tell, controls or Controls())
            return run.to_the_end()
        except Exception as error:
            failed = explained(error, config)
            if fabric.is_global_zero:
                with contextlib.suppress(OSError):  # the disk may be full
                    append(failed)
                report(failed)
            raise TrainingError(failed.message, failed.hint) from error
