"""OpenVINO's runtime with its parts for processors and Intel GPUs, which it loads by name."""

import fnmatch

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_data_files, collect_dynamic_libs

_LIBRARIES = [*PY_DYLIB_PATTERNS, "*.so.*"]
_LEFT_OUT = [
    "*npu*",  # 11 MB, and few have one
    "*openvino_c.*",
    *("*_auto_*", "*hetero*"),  # choose among devices, which the user does
    *(f"*{kind}_frontend*" for kind in ("jax", "gguf", "paddle", "pytorch", "tensorflow*")),
]

# The conversion tools report to a web service; ml.network.openvino_runtime keeps them out too.
excludedimports = ["openvino.tools", "openvino_telemetry", "torch", "onnx", "tensorflow"]
binaries = [
    (source, destination)
    for source, destination in collect_dynamic_libs("openvino", search_patterns=_LIBRARIES)
    if not any(fnmatch.fnmatch(source.rsplit("/", 1)[-1], pattern) for pattern in _LEFT_OUT)
]
datas = collect_data_files("openvino", includes=["libs/*.json", "libs/*.xml"])
