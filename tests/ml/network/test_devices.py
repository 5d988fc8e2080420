from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ml.network import openvino_runtime
from ml.network.devices import available_devices, choose_device, device_names


@pytest.fixture(autouse=True)
def _no_devices_of_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runtime, "devices", dict)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cpu:3", "", "CPU?", "meta", "cuda:-1"])
def test_unknown_devices_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=r"not available. Choose one of .*cpu"):
        choose_device(name)


def test_the_first_available_device_is_the_default() -> None:
    assert "cpu" in available_devices()
    assert choose_device() == available_devices()[0]
    assert choose_device("cpu") == "cpu"


def test_cuda_comes_before_mps_before_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device() == "mps"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert available_devices() == ["cuda:0", "cuda:1", "mps", "cpu"]
    assert choose_device("auto") == "cuda:0"
    assert choose_device("cuda") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    with pytest.raises(ValueError, match="cuda:2"):
        choose_device("cuda:2")


def test_intel_devices_are_offered_by_name_and_never_chosen_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openvino_runtime, "devices", lambda: {"GPU": "Intel Arc A370M"})
    assert available_devices()[-2:] == ["cpu", "openvino:GPU"]
    assert device_names() == {"openvino:GPU": "Intel Arc A370M"}
    assert choose_device("openvino:GPU") == "openvino:GPU"
    assert choose_device("auto") != "openvino:GPU"


def test_without_openvino_there_are_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, str]:
        raise openvino_runtime.OpenVinoError("no such instruction")

    monkeypatch.setattr(openvino_runtime, "devices", fail)
    assert "cpu" in available_devices()
    assert device_names() == {}


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU for torch is here")
def test_devices_are_found_without_torch() -> None:
    code = (
        "import sys\n"
        "from ml.network.devices import available_devices\n"
        "available_devices()\n"
        "print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"
