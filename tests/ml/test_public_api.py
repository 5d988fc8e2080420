"""``from ml import …``: what researchers use in a notebook, and what stays as it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ml

ROOT = Path(__file__).parents[2]


def test_every_name_is_there_and_documented() -> None:
    for name in ml.__all__:
        assert getattr(ml, name) is not None
        if name != "EXPRESSIONS":
            assert getattr(ml, name).__doc__, name
    assert {name for names in ml._ROOMS.values() for name in names} == set(ml.__all__)


def test_another_name_is_told_as_any_module_tells_it() -> None:
    with pytest.raises(AttributeError, match="'ml' has no attribute 'nothing'"):
        ml.nothing  # noqa: B018
    with pytest.raises(ImportError):
        exec("from ml import nothing")


def test_the_example_does_what_it_says(tmp_path: Path, clip: Path) -> None:
    assert ml.__doc__ is not None
    example = re.search(r"(?:^    .*\n|^\n(?=    ))+", ml.__doc__, re.MULTILINE)
    assert example is not None
    code = textwrap.dedent(example[0]).strip()
    assert len([line for line in code.splitlines() if line]) <= 10
    shutil.copy(clip, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) >= 20  # the face is gone in the last third of a second
    assert lines[0].startswith("0.00 s, face 1: happy 0.9")
    assert all(re.fullmatch(r"\d\.\d\d s, face \d: happy [01]\.\d\d", line) for line in lines)


def test_importing_it_imports_neither_torch_nor_opencv() -> None:
    code = "import sys, ml; print({'torch', 'cv2', 'numpy'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"


def test_it_is_typed() -> None:
    assert (Path(ml.__file__).parent / "py.typed").exists()
