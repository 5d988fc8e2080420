from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from ml.network import openvino_runtime
from ml.network.openvino_runtime import OpenVinoError, compiled


class Doubling:
    """Makes a model, and counts how often."""

    def __init__(self, factor: float = 2.0) -> None:
        self.made = 0
        self.factor = factor

    def __call__(self) -> openvino.Model:
        self.made += 1
        x = ops.parameter([-1, 3], np.float32)
        return openvino.Model([ops.multiply(x, ops.constant(np.float32(self.factor)))], [x], "x")


def answer(model: openvino.CompiledModel) -> list[float]:
    values: list[float] = model(np.float32([[1, 2, 3]]))[0][0].tolist()
    return values


def test_it_is_compiled_once_and_kept(tmp_path: Path) -> None:
    build = Doubling()
    for _ in range(3):
        assert answer(compiled(build, b"a", folder=tmp_path)) == [2, 4, 6]
    assert build.made == 1
    assert answer(compiled(Doubling(3), b"b", folder=tmp_path)) == [3, 6, 9]
    assert answer(compiled(build, b"a", folder=tmp_path, exact=True)) == [2, 4, 6]
    assert build.made == 2
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[:3],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: bytes(len(content)),
        lambda _: b"notes" * 1000,
    ],
    ids=["empty", "no checksum", "cut short", "a bit", "zeros", "text"],
)
def test_a_damaged_one_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    build = Doubling()
    compiled(build, b"a", folder=tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert answer(compiled(build, b"a", folder=tmp_path)) == [2, 4, 6]
    assert build.made == 2
    assert answer(compiled(build, b"a", folder=tmp_path)) == [2, 4, 6]
    assert build.made == 2


def test_where_nothing_can_be_kept_it_computes_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    build = Doubling()
    assert answer(compiled(build, b"a", folder=tmp_path / "a file" / "folder")) == [2, 4, 6]


def test_the_oldest_go(tmp_path: Path) -> None:
    for n in range(openvino_runtime._KEPT + 3):
        compiled(Doubling(), bytes([n]), folder=tmp_path)
    assert len(list(tmp_path.glob("*.blob"))) == openvino_runtime._KEPT


def test_what_fails_is_told_in_one_line(tmp_path: Path) -> None:
    def fail() -> openvino.Model:
        raise RuntimeError("Exception from somewhere:\nand a stack")

    with pytest.raises(OpenVinoError) as caught:
        compiled(fail, b"a", folder=tmp_path)
    assert str(caught.value) == "Exception from somewhere:"


def test_two_programs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.ml.network.test_openvino_runtime import Doubling, answer, compiled
        for n in range(20):
            for file in Path(sys.argv[1]).glob("*.blob"):
                if n % 5 == 4:
                    file.unlink(missing_ok=True)
            assert answer(compiled(Doubling(), b"a", folder=Path(sys.argv[1]))) == [2, 4, 6]
        """
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[3])
        for _ in range(3)
    ]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    assert all(file.suffix == ".blob" for file in tmp_path.iterdir())
