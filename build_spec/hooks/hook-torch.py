"""Collect torch without what only its own developers run; the stock hook collects all of it.

``module_collection_mode``: functions with @torch.jit.script read their own source when imported.
"""

from __future__ import annotations

import torch
from PyInstaller.utils.hooks import (
    PY_DYLIB_PATTERNS,
    collect_data_files,
    collect_dynamic_libs,
    collect_submodules,
    copy_metadata,
)

_LIBRARIES = [*PY_DYLIB_PATTERNS, "*.so.*"]
module_collection_mode = "pyz+py"
warn_on_missing_hiddenimports = False
# What static analysis cannot see: modules torch imports by name, or from C++.
hiddenimports = [
    name
    for package in ("torch._C", "torch._dynamo", "torch._refs", "torch.distributed")
    for name in collect_submodules(package, on_error="ignore")
]
excludedimports = ["torch.utils.tensorboard", "triton", "torchvision", "torchaudio"]
datas = [
    *copy_metadata("torch"),  # other packages look up its version
    *collect_data_files("torch", includes=["bin/torch_shm_manager"]),
]
binaries = collect_dynamic_libs("torch", search_patterns=_LIBRARIES)
if torch.version.cuda is not None:
    # On Linux CUDA's libraries are in packages of their own, and load each other by name.
    binaries += collect_dynamic_libs("nvidia", search_patterns=_LIBRARIES)
# torch looks for some of its libraries next to others, and links elsewhere would mislead it.
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
