from __future__ import annotations

import subprocess
import sys


def test_results_are_read_without_torch() -> None:
    """The window reads them in a thread that has five seconds to end."""
    code = "import sys, ml.evaluation.results; print({'torch', 'torchmetrics'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"
