from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.settings import GEOMETRY, INTERVAL, LOOP, MIRROR, RECENT_WEIGHTS, SOURCE, Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "settings.ini"


def test_values_come_back_with_their_types(path: Path) -> None:
    settings = Settings(path)
    settings.set(INTERVAL, 0.5)
    settings.set(MIRROR, True)
    settings.set(LOOP, False)
    settings.set(SOURCE, "camera:Integrated, «HD» = 1")
    settings.set(GEOMETRY, b"\x00\x01\xff")
    settings.remember(RECENT_WEIGHTS, "/a b/ü.pt")
    settings.save()

    again = Settings(path)
    assert again.get(INTERVAL) == 0.5
    assert again.get(MIRROR) is True
    assert again.get(LOOP) is False
    assert again.get(SOURCE) == "camera:Integrated, «HD» = 1"
    assert again.get(GEOMETRY) == b"\x00\x01\xff"
    assert again.get(RECENT_WEIGHTS) == ["/a b/ü.pt"]
    assert again.set_aside is None


def test_recent_ones_are_few_unique_and_newest_first(path: Path) -> None:
    settings = Settings(path)
    for name in "abcdefgb":
        settings.remember(RECENT_WEIGHTS, name, most=3)
    assert settings.get(RECENT_WEIGHTS) == ["b", "g", "f"]


def test_a_value_of_another_type_becomes_the_default(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[General]\nformat=1\n[live]\ninterval=soon\nmirror=perhaps\n")
    settings = Settings(path)
    assert settings.get(INTERVAL) == INTERVAL.default
    assert settings.get(MIRROR) is MIRROR.default
    assert settings.set_aside is None


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02\xff" * 50, b"<html>not settings</html>", b"[window]\nx=1\n"]
)
def test_a_file_that_is_not_ours_is_kept_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get(INTERVAL) == INTERVAL.default
    assert settings.set_aside is not None
    assert settings.set_aside.read_bytes() == content
    settings.save()
    assert Settings(path).set_aside is None


def test_a_second_unusable_file_does_not_replace_the_first(path: Path) -> None:
    path.parent.mkdir()
    kept = []
    for content in (b"first", b"second"):
        path.write_bytes(content)
        kept.append(Settings(path).set_aside)
    assert [aside.read_bytes() for aside in kept if aside] == [b"first", b"second"]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200))
def test_no_content_stops_the_program(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get(INTERVAL) == INTERVAL.default
