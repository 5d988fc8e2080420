from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.recording.about import ABOUT_FILE, About, read_about
from ml.recording.errors import RecordingError
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_VALUES: dict[str, Any] = json.loads(ABOUT.to_json())


def changed(**changes: object) -> bytes:
    return json.dumps(_VALUES | changes).encode()


@pytest.mark.parametrize(
    "about", [ABOUT, replace(ABOUT, video=None, ended="", seconds=9.5, people=3)]
)
def test_all_that_it_tells_comes_back(about: About) -> None:
    assert About.from_json(about.to_json()) == about


def test_the_versions_are_told() -> None:
    assert _VALUES["version"][0].isdigit()
    assert set(_VALUES["versions"]) == {"python", "openvino", "numpy", "opencv"}
    assert "unknown" not in _VALUES["versions"].values()


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("rtsp://admin:se@cret@10.0.0.2:554/live", "rtsp://10.0.0.2:554/live"),
        ("http://10.0.0.2/a@b", "http://10.0.0.2/a@b"),
        ("me@work.mp4", "me@work.mp4"),
    ],
)
def test_no_password_of_a_stream_is_kept(source: str, kept: str) -> None:
    assert About.from_json(replace(ABOUT, source=source).to_json()).source == kept


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (ABOUT.to_json()[:200], "not JSON"),
        (b"[]", "not of this program"),
        (b'{"schema": "1"}', "not of this program"),
        (b'{"schema": true}', "not of this program"),
        (b'{"schema": 1}', "when it began"),
        (changed(schema=2), "newer version"),
        (changed(began="yesterday"), "when it began"),
        (changed(began="2026-01-01T00:00:00"), "when it began"),
        (changed(began="0001-01-01T00:00:00+14:00"), "when it began"),
        (changed(video="video.mp4"), "its video"),
        (changed(video={"file": "video.mp4", "kind": "secret"}), "its video"),
    ],
)
def test_what_cannot_be_relied_on_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        About.from_json(content)


@pytest.mark.parametrize(
    "file", ["", ".", "..", "/etc/passwd", "../v.mp4", "a/v.mp4", "C:v.mp4", "..\\v.mp4", "v\0.mp4"]
)
def test_a_video_elsewhere_is_refused(file: str) -> None:
    with pytest.raises(RecordingError, match="its video"):
        About.from_json(changed(video={"file": file, "kind": "plain"}))


@given(
    st.sampled_from(sorted(_VALUES)), st.none() | st.integers() | st.text() | st.lists(st.none())
)
def test_a_wrong_value_is_refused_or_left_out(name: str, value: object) -> None:
    try:
        about = About.from_json(changed(**{name: value}))
    except RecordingError:
        assert name in {"schema", "began", "video"}
        return
    assert isinstance(about.source, str)
    assert isinstance(about.settings, dict)
    assert about.frames_dropped >= 0


def test_what_is_read_can_be_written_again() -> None:
    """Such as into the metadata of an export."""
    about = About.from_json(
        changed(
            settings={"interval": float("nan")}, source="a\ud800\nb", program="\0", ended="\x1f!"
        )
    )
    assert about.settings == {"interval": None}
    assert (about.source, about.program, about.ended) == ("a  b", "", "!")
    assert About.from_json(about.to_json()) == about


def test_what_a_later_version_adds_is_left_out() -> None:
    assert About.from_json(changed(weather="rain")) == replace(ABOUT, began=BEGAN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"recording\.json is damaged: it is not JSON"),
        (b'{"schema": 2}', r"recording\.json was written by a newer version.*Update the program"),
        (b" " * (1 << 25), "too long"),
    ],
)
def test_a_damaged_or_newer_recording_is_named(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / ABOUT_FILE).write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        read_about(tmp_path)


def test_a_folder_that_is_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match=rf"not a recording: it has no {ABOUT_FILE}"):
            read_about(place)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ABOUT_FILE)
    with pytest.raises(RecordingError, match="not a file"):
        read_about(tmp_path)
