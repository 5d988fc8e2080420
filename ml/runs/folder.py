"""What a run leaves on disk: config, events, data check, checkpoint, weights, evaluation.

``events.jsonl`` is the single source of truth: a run's state and history are derived from it (see
summaries.py), never stored.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import platformdirs
from filelock import FileLock, Timeout

from ml.files import replacing
from ml.runs.events import Batch, Event, parse_line, tells, to_line

CHECKPOINT_SCHEMA: Final = 1
_CONFIG_SCHEMA: Final = 1
_LONGEST_NAME: Final = 100
_LONGEST_NOTE: Final = 10_000
_ABOUT_TO_END: Final = 3.0
"""Seconds for which a reader's check, or a run that is just ending, may hold the lock."""


class RunFolderError(ValueError):
    """A run folder that cannot be used; the message says which, why, and what to do."""


class RunFolder:
    """The folder of one run. Reading needs no lock; a run holds ``locked()`` while it writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.json"
        self.events_file = path / "events.jsonl"
        self.check_file = path / "check.json"
        self.checkpoint_file = path / "last.ckpt"
        self.weights_file = path / "best.safetensors"
        self.evaluation_file = path / "evaluation.json"
        self.confusion_file = path / "confusion.png"
        self.note_file = path / "note.txt"
        self.predictions_file = path / "predictions.npz"
        self._stop_file = path / "stop"

    @classmethod
    def create(cls, path: Path, config: Mapping[str, Any]) -> RunFolder:
        """Create the folder of a new run. Raises RunFolderError if there is something in it."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            folder = cls(path)
            if any(path.iterdir()):
                raise RunFolderError(
                    f"The folder {path} is not empty. Choose another name, or resume that run "
                    "(--resume)."
                )
            folder.write_json(folder.config_file, {"schema": _CONFIG_SCHEMA, **config})
        except OSError as error:
            raise RunFolderError(
                f"The run folder {path} cannot be created: {error.strerror or error}. "
                "Choose another folder for the runs (--runs-dir)."
            ) from error
        return folder

    def config(self) -> dict[str, Any]:
        """What ``create`` was given. Raises RunFolderError if this is not a run folder."""
        try:
            values = json.loads(self.config_file.read_bytes())
        except FileNotFoundError:
            raise RunFolderError(
                f"{self.path} is not a run folder: it has no config.json."
            ) from None
        except OSError as error:
            raise RunFolderError(
                f"{self.config_file} cannot be read: {error.strerror or error}."
            ) from error
        except (ValueError, RecursionError) as error:
            raise RunFolderError(f"{self.config_file} is damaged: it is not JSON.") from error
        if not isinstance(values, dict) or values.pop("schema", None) != _CONFIG_SCHEMA:
            raise RunFolderError(f"{self.config_file} is from another version of this program.")
        return values

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run for this process. Raises RunFolderError if another one holds the lock.

        However the process ends, the lock is released.
        """
        try:
            with FileLock(self._lock_file, timeout=_ABOUT_TO_END):
                self.forget_stop()
                for half_written in (self.checkpoint_file, self.weights_file):
                    for left in self.path.glob(f".{half_written.name}.*"):  # by a killed run
                        left.unlink()
                yield
        except Timeout:
            raise RunFolderError(f"The run {self.path} is already training.") from None

    def is_running(self) -> bool:
        """Whether a process holds the run's lock."""
        if not self._lock_file.exists():
            return False
        try:
            with FileLock(self._lock_file, timeout=0):
                return False
        except Timeout:
            return True
        except OSError:  # a read-only copy: nobody writes to it
            return False

    @property
    def _lock_file(self) -> Path:
        return self.path / "run.lock"

    # Stopping a run that no window controls through stdin any more

    def request_stop(self) -> None:
        """Ask the process that trains this run to save a checkpoint and exit."""
        self._stop_file.touch()

    def stop_requested(self) -> bool:
        """Whether another process has asked the run to stop."""
        return self._stop_file.exists()

    def forget_stop(self) -> None:
        """Withdraw a request to stop."""
        self._stop_file.unlink(missing_ok=True)

    # Writing

    @contextlib.contextmanager
    def appending(self) -> Iterator[Callable[[Event], None]]:
        """A function that appends an event to ``events.jsonl`` at once."""
        with self.events_file.open("ab+", buffering=0) as file:
            if file.tell() and not _ends_line(file):
                file.write(b"\n")  # of a run that was killed while writing

            def append(event: Event) -> None:
                file.write(to_line(event).encode() + b"\n")

            yield append

    def write_json(self, path: Path, values: object) -> None:
        """Write ``values`` as indented JSON, atomically."""
        text = json.dumps(values, indent=1, allow_nan=False)
        with replacing(path) as file:
            file.write(text.encode())

    def write_note(self, note: str) -> None:
        """Save the user's ``note``; an empty one deletes it. Raises RunFolderError."""
        if not self.config_file.exists():  # else the folder of a deleted run would come back
            raise RunFolderError(f"{self.path.name} is no longer there, so its note was not saved.")
        try:
            if note:
                with replacing(self.note_file) as file:
                    file.write(note[:_LONGEST_NOTE].encode("utf-8", "replace"))
            else:
                self.note_file.unlink(missing_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"The note on {self.path.name} cannot be saved: {error.strerror or error}."
            ) from error

    def rename(self, name: str) -> Path:
        """Give the run another name; returns its new path. Raises RunFolderError."""
        path = named(self.path.parent, name)
        if self.is_running():
            raise RunFolderError(f"{self.path.name} is training. Rename it when it has ended.")
        if path.exists() and not (self.path.exists() and path.samefile(self.path)):
            raise RunFolderError(f"There is already a run named {name}. Choose another name.")
        try:
            self.path.rename(path)
        except FileNotFoundError:
            raise RunFolderError(f"{self.path.name} is no longer there.") from None
        except OSError as error:
            raise RunFolderError(
                f"{self.path.name} cannot be renamed: {error.strerror or error}."
            ) from error
        return path

    def save_checkpoint(self, state: Mapping[str, Any]) -> None:
        """Save tensors and plain values; the last checkpoint stays until all is on the disk."""
        import torch

        with replacing(self.checkpoint_file) as file:
            try:
                torch.save({"schema": CHECKPOINT_SCHEMA, **state}, file)
            except RuntimeError as error:  # torch fails again closing the archive
                raise (error.__context__ or error) from None
            file.flush()
            os.fsync(file.fileno())  # renamed only once it would survive a power cut

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint, on the CPU, or None. Raises RunFolderError if it cannot be used."""
        import torch

        path = self.checkpoint_file
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {error.strerror or error}.") from error
        except Exception as error:  # torch.load raises all kinds of errors for a damaged file
            raise RunFolderError(
                f"{path} is damaged ({type(error).__name__}). Start a new run; the best weights "
                f"of this one are in {self.weights_file.name}, if it got that far."
            ) from error
        if not isinstance(state, dict) or state.get("schema") != CHECKPOINT_SCHEMA:
            found = state.get("schema") if isinstance(state, dict) else None
            raise RunFolderError(
                f"{path} was written by another version of this program (checkpoint schema "
                f"{found}, this version reads {CHECKPOINT_SCHEMA}). Resume it with that version, "
                "or start a new run."
            )
        return state

    # Reading

    def read_events(self, *, batches: bool = True) -> Iterator[Event]:
        """All events in order; invalid lines, such as an incomplete last one, are skipped.

        Without ``batches``, Batch events are skipped unparsed.
        """
        try:
            with self.events_file.open("rb") as file:
                for line in file:
                    if not batches and tells(line, Batch):
                        continue
                    event = parse_line(line)
                    if event is not None:
                        yield event
        except FileNotFoundError:
            return

    def stamp(self) -> tuple[object, ...]:
        """A value that changes whenever the run's summary may have changed."""
        files = (self.config_file, self.events_file, self.note_file)
        return self.is_running(), *map(_file_stamp, files)

    def note(self) -> str:
        """The user's note; empty if there is none, or none that can be read."""
        try:
            with self.note_file.open(encoding="utf-8", errors="replace") as file:
                return file.read(_LONGEST_NOTE).strip()
        except OSError:
            return ""


def default_runs_folder() -> Path:
    """Where runs are kept by default."""
    return platformdirs.user_data_path("face-expression-detector") / "runs"


def named(parent: Path, name: str) -> Path:
    """``parent / name``. Raises RunFolderError if ``name`` is not a plain folder name."""
    forbidden = set('<>:"/\\|?*')
    if (
        not name.strip(". ")
        or len(name) > _LONGEST_NAME
        or name != name.strip()
        or name[0] == "."
        or any(c in forbidden or not c.isprintable() for c in name)
    ):
        raise RunFolderError(
            f"{name!r} is not a valid run name: use up to {_LONGEST_NAME} letters, digits, spaces, "
            "dots, - and _, and no dot at the start."
        )
    return parent / name


def _file_stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _ends_line(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
