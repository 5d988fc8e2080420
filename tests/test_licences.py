"""The licences that the built program comes with, collected from this environment."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(_ROOT / "build_spec"))

import debian  # noqa: E402
import licences  # noqa: E402


def _dependencies() -> list[metadata.Distribution]:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]]
    return [metadata.distribution(name) for name in names]


def _a_file_of(distribution: metadata.Distribution) -> str:
    files = distribution.files or []
    return str(distribution.locate_file(next(f for f in files if f.suffix in (".py", ".so"))))


def _installed(folder: Path, told: str, **files: str) -> metadata.Distribution:
    """A distribution of the name "thing", with ``told`` in its metadata."""
    info = folder / "thing-1.2.dist-info"
    texts = {"METADATA": f"Metadata-Version: 2.4\nName: thing\nVersion: 1.2\n{told}\n", **files}
    for name, text in texts.items():
        path = info / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (info / "RECORD").write_text("".join(f"{info.name}/{name},,\n" for name in texts))
    return metadata.PathDistribution(info)


def test_everything_the_program_needs_is_in_the_text_with_its_terms() -> None:
    text = licences.licences([_a_file_of(distribution) for distribution in _dependencies()])

    assert text.startswith("Face-Expression Detector ")
    assert (_ROOT / "LICENSE").read_text() in text
    assert "derive from FER2013" in text
    for distribution in _dependencies():
        part = licences.of_distribution(distribution)
        assert part.licence != "not declared"
        assert f"\n{part.name} {part.version}: {part.licence}\n" in text
        for terms in part.texts.values():
            assert terms.strip("\n") in text
    for name in ("CenterFace", "FFmpeg", "Python", "Qt"):
        assert re.search(rf"^{name}.*: \S", text, re.MULTILINE)
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text


def test_the_parts_are_sorted() -> None:
    text = licences.licences([_a_file_of(distribution) for distribution in _dependencies()])
    table = text.partition("The texts follow.")[2].partition("=====")[0]
    names = [line.strip().partition("  ")[0] for line in table.splitlines() if line.strip()]
    assert len(names) > len(_dependencies())
    assert names == sorted(names, key=str.casefold)


def test_a_file_tells_its_distribution_whatever_link_leads_to_it(tmp_path: Path) -> None:
    tqdm = metadata.distribution("tqdm")
    link = tmp_path / "link"
    link.symlink_to(Path(str(tqdm.locate_file("tqdm"))), target_is_directory=True)

    found, others = licences.providers([str(link / "__init__.py"), str(tmp_path / "own.py")])

    assert [distribution.name for distribution in found.values()] == ["tqdm"]
    assert [Path(other).name for other in others] == ["own.py"]


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("License: BSD", "BSD"),
        ("License: Long text\n  of two lines\nClassifier: License :: OSI Approved :: X", "X"),
        ("Classifier: Topic :: Y", "not declared"),
    ],
)
def test_the_licence_is_what_the_authors_declare(tmp_path: Path, told: str, licence: str) -> None:
    part = licences.of_distribution(_installed(tmp_path, told))
    assert (part.name, part.version, part.licence) == ("thing", "1.2", licence)


def test_without_a_licence_file_the_declared_licence_stands_alone(tmp_path: Path) -> None:
    part = licences.of_distribution(_installed(tmp_path, "License: BSD", RECORDS="no licence"))
    assert not part.texts
    assert "thing 1.2: BSD" in licences.formatted([part])
    assert "It comes without a licence file." in licences.formatted([part])


def test_equal_texts_are_printed_once_and_code_is_no_text(tmp_path: Path) -> None:
    files = {
        "licenses/LICENSE": "Be kind.\n",
        "licenses/vendor/COPYING": "Be kind.\n",
        "licenses/NOTICE.txt": "By us.\n",
        "license_header.py": "code",
    }
    part = licences.of_distribution(_installed(tmp_path, "License: own", **files))
    text = licences.formatted([part])
    assert part.texts == {
        "LICENSE": "Be kind.\n",
        "vendor/COPYING": "Be kind.\n",
        "NOTICE.txt": "By us.\n",
    }
    assert text.count("Be kind.") == 1
    assert "--- LICENSE, vendor/COPYING" in text


def test_only_libraries_of_the_system_are_told_apart(tmp_path: Path) -> None:
    ours = [str(_ROOT / "app" / "__main__.py"), f"{sysconfig.get_path('stdlib')}/os.py"]
    theirs = str(tmp_path / "libthing.so.1")
    text = licences.licences([*ours, theirs, "base_library.zip"])
    assert "libthing.so.1: of the system on which the program was built" in text
    for name in ("__main__.py", "os.py", "base_library.zip"):
        assert name not in text.partition("=")[0]


def test_debian_tells_the_terms_of_its_libraries() -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("needs Debian or Ubuntu")
    found = debian.packages(["/bin/sh", "/usr/bin/env", "/nowhere"])
    assert found["/usr/bin/env"] == "coreutils"
    assert "/nowhere" not in found
    assert debian.version("coreutils")[0].isdigit()
    text = debian.copyright_text("coreutils")
    if text:  # some images of a system leave it out
        assert any(name.startswith("GPL") for name in debian.common_licences(text))
    assert debian.packages([]) == {}
