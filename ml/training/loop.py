"""The training loop: pictures in, learnt weights and events out."""

from __future__ import annotations

import dataclasses
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor

from ml.data.check import check
from ml.evaluation.results import to_json
from ml.expressions import EXPRESSIONS
from ml.network.model import parameter_count, state_of
from ml.network.weights import Weights
from ml.network.weights_files import save_weights
from ml.runs.events import Batch, Checkpoint, Epoch, Evaluating, Event, Finished, Started, Stopped
from ml.runs.folder import RunFolder
from ml.training.augmentation import Augmentation, draw_numbers
from ml.training.config import TrainConfig
from ml.training.engine import share_norms
from ml.training.errors import TrainingError
from ml.training.optimization import Average, learning_rate, make_optimizer, out_of_patience
from ml.training.result import measure_best
from ml.training.setup import load_data, make_student
from ml.training.targets import Targets
from ml.training.validation import validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric


Report = Callable[[Event], None]
Indices = np.ndarray[tuple[int], np.dtype[np.int64]]
_REPORT_EVERY: Final = 0.2  # seconds
_EXPLODED: Final = 100.0  # a loss; equal probabilities have ln 7 = 1.95


@dataclass
class Controls:
    """How other threads control a run."""

    stop: threading.Event = field(default_factory=threading.Event)
    threads: int = 0
    """CPU threads; 0 uses the config's."""


class Run:
    """The state of a run. What ``_save`` stores of it is enough to resume with the same numbers."""

    def __init__(
        self,
        config: TrainConfig,
        fabric: Fabric,
        folder: RunFolder,
        report: Report,
        controls: Controls,
    ) -> None:
        self.config, self.fabric, self.folder = config, fabric, folder
        self.report, self.controls = report, controls
        self._use_threads()
        with fabric.rank_zero_first():
            self.dataset = load_data(config, report)
        train = self.dataset.train
        self.batch_size = min(config.batch_size, len(train))
        if self.batch_size % fabric.world_size:
            raise ValueError(
                f"{fabric.world_size} devices cannot share batches of {self.batch_size}: "
                "choose a multiple as the batch size."
            )
        self.batches = len(train) // self.batch_size

        if config.start_from and folder.weights_file.exists():
            # Resumed: its own weights give the architecture, even if the first ones are gone.
            config = dataclasses.replace(config, start_from=(str(folder.weights_file),))
        student = make_student(config, train)
        self.mean, self.std = student.mean, student.std
        self.architecture = student.network.architecture
        self.network = student.network.to(memory_format=torch.channels_last).to(fabric.device)
        self.average = Average(self.network, config.ema)
        share_norms(self.network, fabric)
        self.model, self.optimizer = fabric.setup(
            self.network, make_optimizer(config, self.network)
        )
        self.targets = Targets(config, self.dataset, fabric.device)
        self.augmentation = Augmentation(
            config.flip, config.augmentation, config.erasing, config.degrade, config.untouched
        )

        # Progress
        self.history: list[Epoch] = []
        self.batch = 0
        self.sums = torch.zeros(3, device=fabric.device)  # losses, correct predictions, pictures
        self.seconds = 0.0
        """Spent in this epoch."""
        self._pace = 0.0
        """Seconds per batch, smoothed."""

    def to_the_end(self) -> bool:
        """Train and evaluate; False if stopped on request before the end."""
        checkpoint = self.folder.load_checkpoint() if self.fabric.is_global_zero else None
        self._restore(self.fabric.broadcast(checkpoint))
        found = dataclasses.asdict(check(self.dataset))
        if self.fabric.is_global_zero:
            self.folder.write_json(self.folder.check_file, found)
        self.report(
            Started(
                config=dataclasses.asdict(self.config),
                check=found,
                protocol=self.dataset.protocol,
                parameters=parameter_count(self.network),
                device=str(self.fabric.device),
                precision=self.config.precision,
                batches=self.batches,
                epochs=self.config.epochs,
                epoch=len(self.history),
                batch=self.batch,
                pid=os.getpid(),
            )
        )
        while len(self.history) < self.config.epochs:
            if out_of_patience(self.config, self.history):
                break
            if not self._train_epoch():
                self._save()
                self.report(Stopped(epoch=len(self.history), batch=self.batch))
                return False
            self._end_epoch()
            self._save()
        if self.fabric.is_global_zero:
            self._evaluate()
        self.fabric.barrier()
        return True

    # An epoch

    def _train_epoch(self) -> bool:
        """Train to the end of the epoch; False if stopped on request before it."""
        generator = torch.Generator().manual_seed(_seed(self.config.seed, len(self.history)))
        order = torch.randperm(len(self.dataset.train), generator=generator).numpy()
        self.model.train()
        begun, reported = time.perf_counter() - self.seconds, 0.0
        while self.batch < self.batches:
            started = time.perf_counter()
            stop = self._step(order[self.batch * self.batch_size :][: self.batch_size])
            self.batch += 1
            now = time.perf_counter()
            self.seconds = now - begun
            self._pace += (0.1 if self._pace else 1.0) * (now - started - self._pace)
            if now - reported >= _REPORT_EVERY or self.batch == self.batches:
                reported = now
                self._report_batch()
            if stop:
                return False
        return True

    def _step(self, chosen: Indices) -> bool:
        """Train on the ``chosen`` pictures, of which this process takes its share.

        Returns whether to stop. All randomness derives from the seed and the numbers of epoch and
        batch, so that no state of it needs saving.
        """
        config, fabric = self.config, self.fabric
        self._use_threads()
        step = len(self.history) * self.batches + self.batch
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, step, self.batches, self.history)

        seed = _seed(config.seed, len(self.history), self.batch)
        mine = slice(fabric.global_rank, None, fabric.world_size)
        numbers = draw_numbers(len(chosen), torch.Generator().manual_seed(seed))[mine]
        chosen = chosen[mine]
        torch.manual_seed(seed + fabric.global_rank)  # for dropout

        pictures = torch.from_numpy(self.dataset.train.pictures[chosen]).to(fabric.device)
        x = self.augmentation(pictures, numbers, **self._input())
        targets = self.targets.of(chosen)
        if config.mixup:  # Zhang et al. 2018
            share = np.random.default_rng(seed).beta(config.mixup, config.mixup)
            x, targets = x.flip(0).lerp(x, share), targets.flip(0).lerp(targets, share)
        logits = self.model(x.contiguous(memory_format=torch.channels_last)).float()
        loss = self.targets.loss(logits, targets)
        fabric.backward(loss)
        if config.clip_norm:
            fabric.clip_gradients(
                self.model, self.optimizer, max_norm=config.clip_norm, error_if_nonfinite=False
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update(self.network, step)

        right = (logits.argmax(1) == targets[:, 0].argmax(1)).sum()
        count = loss.new_tensor(len(chosen))
        sums = torch.stack([loss.detach() * count, right.to(count.dtype), count])
        stop = fabric.is_global_zero and (
            self.controls.stop.is_set() or self.folder.stop_requested()
        )
        if fabric.world_size > 1:  # all stop at the same batch
            *shared, stopping = self._summed([*sums, count.new_tensor(stop)])
            sums, stop = torch.stack(shared), bool(stopping)
        self.sums += sums
        return stop

    def _summed(self, values: list[Tensor]) -> Tensor:
        summed = self.fabric.all_reduce(torch.stack(values), reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed

    def _report_batch(self) -> None:
        loss, accuracy = self._train_figures()
        if not loss < _EXPLODED:
            raise self._exploded(loss)
        epoch_left = self._pace * (self.batches - self.batch)
        seconds = [epoch.seconds for epoch in self.history[-3:]] or [self._pace * self.batches]
        epochs_left = self.config.epochs - len(self.history) - 1
        self.report(
            Batch(
                epoch=len(self.history) + 1,
                batch=self.batch,
                batches=self.batches,
                loss=loss,
                accuracy=accuracy,
                learning_rate=self.optimizer.param_groups[0]["lr"],
                images_per_second=self.batch_size / self._pace,
                epoch_seconds_left=epoch_left,
                run_seconds_left=epoch_left + epochs_left * sum(seconds) / len(seconds),
            )
        )

    def _end_epoch(self) -> None:
        """Validate the averaged weights, and save them if they are the best."""
        epoch = None
        if self.fabric.is_global_zero:
            epoch = self._measured_epoch()
            if epoch.best:
                save_weights(self._weights(), self.folder.weights_file)
            self.report(epoch)
            figures = dataclasses.asdict(epoch)
            self.fabric.log_dict(
                {name: figures[name] for name in figures.keys() - {"epoch", "time", "best"}},
                step=epoch.epoch,
            )
        epoch = self.fabric.broadcast(epoch)
        assert epoch is not None
        self.history.append(epoch)
        self.batch, self.seconds = 0, 0.0
        self.sums.zero_()

    def _measured_epoch(self) -> Epoch:
        begun = time.perf_counter()
        figures = validate(
            self.average.network,
            self.dataset.validation,
            self._input(),
            self.fabric,
            self.config.label_smoothing,
        )
        if not figures.loss < _EXPLODED:
            raise self._exploded(figures.loss)
        train_loss, train_accuracy = self._train_figures()
        return Epoch(
            epoch=len(self.history) + 1,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=figures.loss,
            validation_accuracy=figures.accuracy,
            validation_macro_f1=figures.macro_f1,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            seconds=self.seconds + time.perf_counter() - begun,
            best=all(figures.accuracy > earlier.validation_accuracy for earlier in self.history),
        )

    def _train_figures(self) -> tuple[float, float]:
        """Mean loss and accuracy of the epoch so far."""
        loss, right, count = self.sums.tolist()
        return loss / count, right / count

    def _exploded(self, loss: float) -> TrainingError:
        return TrainingError(
            f"The loss exploded in epoch {len(self.history) + 1} (it is {loss:.3g}).",
            "Start again with a lower learning rate. The last good checkpoint is kept.",
        )

    def _input(self) -> dict[str, Any]:
        return {
            "in_channels": self.architecture.in_channels,
            "input_size": self.architecture.input_size,
            "mean": self.mean,
            "std": self.std,
        }

    def _use_threads(self) -> None:
        wanted = self.controls.threads or self.config.threads or _default_threads
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)

    # Checkpoints and the end

    def _save(self) -> None:
        if not self.fabric.is_global_zero:
            return
        if not all(bool(parameter.isfinite().all()) for parameter in self.network.parameters()):
            raise self._exploded(float("nan"))
        self.folder.save_checkpoint(
            {
                "data": self.dataset.key,
                "history": [dataclasses.asdict(epoch) for epoch in self.history],
                "batch": self.batch,
                "sums": self.sums,
                "seconds": self.seconds,
                "network": self.network.state_dict(),
                "average": self.average.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.fabric.strategy.precision.state_dict(),
            }
        )
        path = str(self.folder.checkpoint_file)
        self.report(Checkpoint(epoch=len(self.history), batch=self.batch, path=path))

    def _restore(self, checkpoint: Mapping[str, Any] | None) -> None:
        if checkpoint is None:  # killed in its first epoch
            return
        if checkpoint["data"] != self.dataset.key:
            raise ValueError(
                f"{self.config.data} is not, or no longer, the data set this run began with. "
                "Restore that data set, or start a new run."
            )
        self.history = [Epoch(**epoch) for epoch in checkpoint["history"]]
        self.batch, self.seconds = checkpoint["batch"], checkpoint["seconds"]
        self.sums.copy_(checkpoint["sums"])
        self.network.load_state_dict(checkpoint["network"])
        self.average.network.load_state_dict(checkpoint["average"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.fabric.strategy.precision.load_state_dict(checkpoint["scaler"])

    def _weights(self) -> Weights:
        votes = " with FER+ votes" if self.config.ferplus else ""
        return Weights(
            self.architecture,
            state_of(self.average.network),
            mean=self.mean,
            std=self.std,
            classes=EXPRESSIONS,
            trained_on=f"{Path(self.config.data).name}{votes} ({self.dataset.protocol})",
        )

    def _evaluate(self) -> None:
        best = next(epoch for epoch in reversed(self.history) if epoch.best)
        self.report(Evaluating(epoch=best.epoch))
        evaluation = measure_best(self.folder, self.dataset, self.fabric.device)
        weights = str(self.folder.weights_file)
        self.report(Finished(weights=weights, evaluation=to_json(evaluation)))


def _seed(*numbers: int) -> int:
    return random.Random("/".join(map(str, numbers))).getrandbits(62)


_default_threads: Final = torch.get_num_threads()
