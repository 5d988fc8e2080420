from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _fake_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real process instead of ``python -m ml analyze --worker``."""
    command = [sys.executable, "-m", "tests.app.files.fake_worker"]
    monkeypatch.setattr("app.ml_process.ml_command", lambda: command)
