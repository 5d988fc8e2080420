"""OpenVINO: where it can compute, and models compiled once and kept for the next start.

Import this before openvino itself: it keeps out the part that would report to a web service.
"""

from __future__ import annotations

import hashlib
import io
import logging
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import platformdirs

from ml.files import replacing

if TYPE_CHECKING:
    import openvino

_log = logging.getLogger(__name__)

# Importing openvino imports its conversion tools if it can, and these what reports to a web
# service. None makes Python find no such module, which openvino takes as an answer.
sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]

_KEPT: Final = 12
"""Compiled models, the newest: of a few weights files, and of detection at a few sizes."""


class OpenVinoError(RuntimeError):
    """OpenVINO cannot run here; the message says why."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns whatever OpenVINO raises inside the block into an OpenVinoError of its first line."""
    try:
        yield
    except OpenVinoError:
        raise
    except Exception as error:
        raise OpenVinoError(str(error).strip().split("\n")[0]) from error


@cache
def core() -> openvino.Core:
    """The one that finds devices. Raises OpenVinoError."""
    try:
        import openvino

        return openvino.Core()
    except Exception as error:  # a missing library, an unknown processor: it raises what it likes
        raise OpenVinoError(str(error).strip() or type(error).__name__) from error


def devices() -> dict[str, str]:
    """What OpenVINO calls its devices other than the processor, and their makers' names."""
    # To ask takes 14 MB, and Linux tells without it that there is no such device.
    if sys.platform == "linux" and not any(
        Path(name).exists() for name in ("/dev/dri", "/dev/accel")
    ):
        return {}
    return {
        device: str(core().get_property(device, "FULL_DEVICE_NAME"))
        for device in core().available_devices
        if device != "CPU"
    }


def compiled(
    build: Callable[[], openvino.Model],
    content: bytes,
    *,
    device: str = "CPU",
    exact: bool = False,
    threads: int | None = None,
    folder: Path | None = None,
) -> openvino.CompiledModel:
    """The model that ``build`` makes, ready to be asked, or what an earlier start kept of it.

    ``content`` is a digest of all that the model is made of. ``exact`` computes in float32; else
    the device chooses, as processors with bfloat16 instructions do. As many ``threads`` can ask at
    once, and each question takes one core; without, one can ask, and is answered soonest, by all
    cores. Raises OpenVinoError.
    """
    import openvino

    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        options = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": threads}
        if device == "CPU":
            options["INFERENCE_NUM_THREADS"] = threads
    if exact:
        options["INFERENCE_PRECISION_HINT"] = "f32"
    if device == "CPU":
        options["ENABLE_CPU_PINNING"] = False  # the window and a training run need cores too
    with one_line_errors():
        name = str(core().get_property(device, "FULL_DEVICE_NAME"))
        key = hashlib.sha256(
            repr((openvino.get_version(), device, name, sorted(options.items()))).encode() + content
        )
        file = (folder or default_folder()) / f"{key.hexdigest()[:32]}.blob"
        kept = _read(file)
        if kept is not None:
            with suppress(Exception):  # another build of OpenVINO may refuse it
                return core().import_model(io.BytesIO(kept), device, options)
        model = core().compile_model(build(), device, options)
        _keep(model, file)
    return model


class Requests:
    """As many as can be asked of a compiled model at once, by as many threads."""

    def __init__(self, model: openvino.CompiledModel, threads: int | None) -> None:
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads or 1):
            self._free.put(model.create_infer_request())

    @contextmanager
    def one(self) -> Iterator[openvino.InferRequest]:
        """Nobody else has it inside the block; waits until one is free."""
        request = self._free.get()
        try:
            yield request
        finally:
            self._free.put(request)


def default_folder() -> Path:
    """Where compiled models are kept."""
    return platformdirs.user_cache_path("face-expression-detector") / "compiled"


def _read(file: Path) -> bytes | None:
    """What was kept, or None if it is missing or damaged: OpenVINO would believe anything."""
    try:
        content = file.read_bytes()
        file.touch()  # the ones used last are kept
    except OSError:
        return None
    checksum, kept = content[:4], content[4:]
    return kept if checksum == zlib.crc32(kept).to_bytes(4, "little") else None


def _keep(model: openvino.CompiledModel, file: Path) -> None:
    try:
        exported = model.export_model()
        content = exported if isinstance(exported, bytes) else exported.getvalue()
        with replacing(file) as stream:
            stream.write(zlib.crc32(content).to_bytes(4, "little"))
            stream.write(content)
        oldest = sorted(file.parent.glob("*.blob"), key=lambda f: f.stat().st_mtime)[:-_KEPT]
        for old in oldest:
            old.unlink(missing_ok=True)
    except Exception as error:  # a full disk, a device that exports nothing: it is compiled again
        _log.info("a compiled model was not kept: %s", error)
