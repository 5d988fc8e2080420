"""What must agree across the repository's own files: version, licence, links, commands."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.application import DESKTOP_ID
from ml.cli import main

_ROOT = Path(__file__).parent.parent
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
_METAINFO = ElementTree.parse(_ROOT / "build_spec" / "linux" / f"{DESKTOP_ID}.metainfo.xml")
_DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "resources/**/*.md", ".github/**/*.md")
    for path in _ROOT.glob(pattern)
)
_OURS = r"(?:app|ml|tests|build_spec|resources|docs|\.github)"


def _ids(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def test_the_newest_release_is_the_same_everywhere() -> None:
    heading = re.compile(r"^## \[(\d[^\]]*)\] - (\S+)$", re.MULTILINE)
    newest = heading.search((_ROOT / "CHANGELOG.md").read_text())
    release = _METAINFO.find("releases/release")
    assert newest is not None
    assert release is not None
    assert newest[1] == release.get("version") == _PROJECT["version"]
    assert newest[2] == release.get("date")


def test_the_licence_is_the_same_everywhere() -> None:
    cited = re.search(r"^license: (.+)$", (_ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert _PROJECT["license"] == _METAINFO.findtext("project_license") == cited[1] == "MIT"
    assert (_ROOT / "LICENSE").read_text().startswith("MIT License\n")


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_ids)
def test_documents_name_what_there_is(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    missing = [link for link in links if not (document.parent / link).exists()]
    named = re.findall(rf"`({_OURS}/[\w./-]*\w)`", text)
    missing += [path for path in named if not (_ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_ids)
def test_documents_name_commands_that_there_are(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = document.read_text()
    targets = re.findall(r"^(\w+):", (_ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"(?:^    |`)make (\w+)", text, re.MULTILINE)) <= set(targets)
    for command in set(re.findall(r"python -m ml (\w+)", text)):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0, f"there is no command {command}: {capsys.readouterr().err}"


def test_git_ignores_nothing_that_belongs_to_the_repository() -> None:
    if not (_ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    found = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == ""
