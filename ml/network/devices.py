"""Where networks can compute here. torch is imported only where there is a GPU for it."""

from __future__ import annotations

import ctypes
import platform
import sys
from contextlib import suppress
from typing import Final

from ml.network import openvino_runtime

OPENVINO_PREFIX: Final = "openvino:"
"""Before OpenVINO's own name of a device: an Intel GPU or NPU."""
_NVIDIA_DRIVER: Final = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def available_devices() -> list[str]:
    """The devices networks can run on here, the one to prefer first."""
    devices = [f"cuda:{n}" for n in range(_cuda_devices())]
    if _has_mps():
        devices.append("mps")
    return [*devices, "cpu", *(OPENVINO_PREFIX + name for name in _openvino_devices())]


def device_names() -> dict[str, str]:
    """The makers' names of the devices that have one, by their names here."""
    return {OPENVINO_PREFIX + device: name for device, name in _openvino_devices().items()}


def choose_device(wanted: str = "auto") -> str:
    """``wanted`` if it is here; ``auto`` is CUDA, else Apple's MPS, else the CPU.

    Raises ValueError when there is no such device here.
    """
    devices = available_devices()
    if wanted == "auto":
        return devices[0]
    if wanted not in devices and f"{wanted}:0" not in devices:
        raise ValueError(
            f"The device {wanted} is not available. Choose one of {', '.join(devices)}."
        )
    return wanted


def _cuda_devices() -> int:
    if "torch" not in sys.modules:
        try:
            ctypes.CDLL(_NVIDIA_DRIVER[sys.platform])
        except (KeyError, OSError):
            return 0
    import torch

    return torch.cuda.device_count()


def _has_mps() -> bool:
    if (sys.platform, platform.machine()) != ("darwin", "arm64") and "torch" not in sys.modules:
        return False
    import torch

    return torch.backends.mps.is_available()


def _openvino_devices() -> dict[str, str]:
    with suppress(openvino_runtime.OpenVinoError):
        return openvino_runtime.devices()
    return {}
