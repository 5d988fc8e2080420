"""How a run reports its events: JSON lines, or a progress bar on a terminal."""

from __future__ import annotations

import os
import sys

from ml.data.near_misses import left_out_lines
from ml.runs.events import (
    Batch,
    Checkpoint,
    Epoch,
    Estimate,
    Evaluating,
    Event,
    Failed,
    Finished,
    Loading,
    Started,
    Stopped,
    to_line,
)


class JsonLines:
    """Events as JSON lines on stdout; a run does not end because its reader is gone."""

    def __init__(self) -> None:
        self._lost = False

    def __call__(self, event: Event) -> None:
        if self._lost:
            return
        try:
            print(to_line(event), flush=True)
        except OSError:
            self._lost = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered goes there


class ProgressBar:
    """A progress bar on a terminal, and a line for each epoch."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(disable=None, unit="picture", dynamic_ncols=True, leave=False)

    def __call__(self, event: Event) -> None:
        bar = self._bar
        match event:
            case Loading(done=done, total=total):
                self._show("reading", done, total, "")
            case Estimate():
                self._say(
                    f"{event.images_per_second:.0f} pictures/s in {event.precision}: "
                    f"{event.epoch_seconds:.0f} s per epoch, "
                    f"{event.run_seconds / 60:.0f} min in total"
                )
            case Started():
                self._say(
                    f"{event.parameters:,} parameters on {event.device} in {event.precision}; "
                    f"{event.protocol}"
                )
                for line in left_out_lines(event.check["left_out"]):
                    self._say(line)
            case Batch():
                self._show(
                    f"epoch {event.epoch}",
                    event.batch,
                    event.batches,
                    f"loss {event.loss:.3f}, {event.accuracy:.1%}, "
                    f"{event.images_per_second:.0f} pictures/s, "
                    f"{event.run_seconds_left / 60:.0f} min remaining",
                )
            case Epoch():
                self._say(
                    f"epoch {event.epoch}: loss {event.train_loss:.3f}, validation "
                    f"{event.validation_loss:.3f}, accuracy {event.train_accuracy:.1%}, validation "
                    f"{event.validation_accuracy:.1%}, macro-F1 {event.validation_macro_f1:.3f}, "
                    f"{event.seconds:.0f} s{' (best)' if event.best else ''}"
                )
            case Stopped():
                self._say("Stopped. Continue with --resume.")
            case Evaluating():
                self._say(f"Evaluating the weights of epoch {event.epoch}.")
            case Finished():
                bar.close()
                self._say(f"Finished: {event.weights}")
            case Checkpoint() | Failed():
                pass

    def _show(self, title: str, done: int, total: int, figures: str) -> None:
        self._bar.set_description_str(title, refresh=False)
        self._bar.set_postfix_str(figures, refresh=False)
        self._bar.total, self._bar.n = total, done
        self._bar.refresh()

    def _say(self, line: str) -> None:
        self._bar.write(line)
        sys.stdout.flush()
