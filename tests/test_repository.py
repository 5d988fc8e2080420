"""What must agree across the repository's own files: versions, licence, links, commands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent


def test_git_ignores_nothing_that_belongs_to_the_repository() -> None:
    if not (_ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    found = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == ""
