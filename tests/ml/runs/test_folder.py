from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.runs.events import Batch, to_line
from ml.runs.folder import RunFolder, RunFolderError, named
from ml.runs.summaries import RunState, summarise_run
from tests.ml.runs.made_runs import CONFIG, STARTED, STOPPED, epoch, write


def test_a_new_run_keeps_its_config(folder: RunFolder) -> None:
    assert RunFolder(folder.path).config() == CONFIG
    assert summarise_run(folder).state is RunState.NEW


def test_two_runs_cannot_have_one_name(folder: RunFolder) -> None:
    write(folder, STARTED)
    with pytest.raises(RunFolderError, match=r"a run.*Choose another name"):
        RunFolder.create(folder.path, {"other": 1})
    assert folder.config() == CONFIG


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="cannot be created"):
        RunFolder.create(tmp_path / "file" / "run", CONFIG)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not a run folder"),
        (b"", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[]", "another version"),
        (b'{"schema": 99}', "another version"),
    ],
)
def test_a_config_that_is_none_is_refused(
    folder: RunFolder, content: bytes | None, message: str
) -> None:
    if content is None:
        folder.config_file.unlink()
    else:
        folder.config_file.write_bytes(content)
    with pytest.raises(RunFolderError, match=message):
        folder.config()
    summary = summarise_run(folder)
    assert summary.state is RunState.DAMAGED
    assert message in summary.problem


# Events


def test_events_are_on_disk_at_once_and_come_back(folder: RunFolder) -> None:
    with folder.appending() as append:
        append(STARTED)
        assert list(folder.read_events()) == [STARTED]
    write(folder, epoch(1))
    assert [event.type for event in folder.read_events()] == ["started", "epoch"]


def test_progress_within_epochs_can_be_left_out(folder: RunFolder) -> None:
    batch = Batch(1, 1, 5, 1.0, 0.5, 0.1, 100.0, 1.0, 2.0)
    write(folder, STARTED, batch, epoch(1))
    assert batch in list(folder.read_events())
    assert [e.type for e in folder.read_events(batches=False)] == ["started", "epoch"]


def test_a_half_last_line_is_left_out_and_does_not_spoil_the_next(folder: RunFolder) -> None:
    write(folder, STARTED)
    with folder.events_file.open("a") as file:
        file.write(to_line(epoch(1))[:40])
    assert list(folder.read_events()) == [STARTED]
    write(folder, STOPPED)
    assert list(folder.read_events()) == [STARTED, STOPPED]


@given(st.binary(max_size=200))
def test_rubbish_between_events_is_left_out(rubbish: bytes) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = RunFolder(Path(parent))
        folder.events_file.write_bytes(b"\n".join([to_line(STARTED).encode(), rubbish, b""]))
        write(folder, STOPPED)
        assert list(folder.read_events()) == [STARTED, STOPPED]


def test_the_stamp_changes_with_what_is_told(folder: RunFolder) -> None:
    seen = [folder.stamp()]
    with folder.appending() as append:
        append(STARTED)
    seen.append(folder.stamp())
    folder.write_note("a note")
    seen.append(folder.stamp())
    with folder.locked():
        seen.append(folder.stamp())
    assert len(set(seen)) == 4
    assert folder.stamp() == seen[2]


# Locking and stopping


HOLD = """
import sys, time
from pathlib import Path
from ml.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_run_is_running_until_its_process_is_gone_however_it_ends(folder: RunFolder) -> None:
    write(folder, STARTED)
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert summarise_run(folder).state is RunState.RUNNING
        with pytest.raises(RunFolderError, match="already training"), folder.locked():
            pass
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert summarise_run(folder).state is RunState.CRASHED
    with folder.locked():
        pass


def test_a_stop_that_was_asked_for_is_forgotten_by_the_next_start(folder: RunFolder) -> None:
    assert not folder.stop_requested()
    folder.request_stop()
    assert folder.stop_requested()
    with folder.locked():
        assert not folder.stop_requested()


# Checkpoints


def test_a_checkpoint_comes_back(folder: RunFolder) -> None:
    assert folder.load_checkpoint() is None
    folder.save_checkpoint({"weights": torch.arange(5), "epoch": 2})
    state = folder.load_checkpoint()
    assert state is not None
    assert state["epoch"] == 2
    assert torch.equal(state["weights"], torch.arange(5))


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage", [truncated, lambda _: b"", lambda _: b"rubbish"], ids=["half", "empty", "rubbish"]
)
def test_a_damaged_checkpoint_is_named(folder: RunFolder, damage: Callable[[bytes], bytes]) -> None:
    folder.save_checkpoint({"weights": torch.arange(500)})
    folder.checkpoint_file.write_bytes(damage(folder.checkpoint_file.read_bytes()))
    with pytest.raises(RunFolderError, match=r"last\.ckpt is damaged"):
        folder.load_checkpoint()


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch executed",)


def test_a_checkpoint_cannot_carry_code(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.path)
    torch.save({"schema": 1, "evil": Evil()}, folder.checkpoint_file)
    with pytest.raises(RunFolderError, match="damaged"):
        folder.load_checkpoint()
    assert not Path("executed").exists()


@pytest.mark.parametrize("content", [{"schema": 99}, {}, [1, 2]])
def test_a_checkpoint_of_another_version_is_refused(folder: RunFolder, content: object) -> None:
    torch.save(content, folder.checkpoint_file)
    with pytest.raises(RunFolderError, match="another version"):
        folder.load_checkpoint()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits file sizes as only Unix can")
def test_the_last_good_checkpoint_survives_a_disk_that_is_full(folder: RunFolder) -> None:
    import resource

    folder.save_checkpoint({"epoch": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            folder.save_checkpoint({"epoch": 2, "weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    state = folder.load_checkpoint()
    assert state is not None
    assert state["epoch"] == 1
    assert {path.name for path in folder.path.iterdir()} == {"config.json", "last.ckpt"}


def test_what_a_killed_run_was_writing_is_swept_up(folder: RunFolder) -> None:
    folder.save_checkpoint({"epoch": 1})
    half = folder.path / ".last.ckpt.abc123"
    half.write_bytes(b"half")
    with folder.locked():
        assert not half.exists()
        assert folder.load_checkpoint() is not None


# What the user may change: its note and its name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a:b", "a\nb", " a", "x" * 101]
)
def test_names_that_are_no_folders_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError, match="not a valid run name"):
        named(tmp_path, name)


@given(st.text(max_size=30))
def test_a_name_never_leads_elsewhere(name: str) -> None:
    parent = Path("/runs")
    try:
        path = named(parent, name)
    except RunFolderError:
        return
    assert path.parent == parent
    assert path.name == name


@settings(max_examples=25)  # each is made safe on the disk
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_a_note_comes_back(text: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder.create(Path(place) / "run", CONFIG)
        note = " ".join(text.split())
        folder.write_note(note)
        assert folder.note() == note == summarise_run(folder).note
        assert folder.note_file.exists() is bool(note)


def test_a_note_is_no_way_back_for_a_deleted_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no longer there"):
        RunFolder(tmp_path / "gone").write_note("still there?")
    assert not (tmp_path / "gone").exists()


def test_a_note_that_cannot_be_read_harms_nothing(folder: RunFolder) -> None:
    folder.note_file.write_bytes(b"caf\xe9 " + b"x" * 10_000_000)
    assert folder.note().startswith("caf\N{REPLACEMENT CHARACTER} xxx")
    assert len(folder.note()) < 20_000
    folder.note_file.unlink()
    folder.note_file.mkdir()
    assert folder.note() == ""
    with pytest.raises(RunFolderError, match="cannot be saved"):
        folder.write_note("new")


def test_a_run_gets_another_name(folder: RunFolder) -> None:
    path = folder.rename("another run")
    assert path.name == "another run"
    assert RunFolder(path).config() == CONFIG
    assert not folder.path.exists()
    with pytest.raises(RunFolderError, match="no longer there"):
        folder.rename("a third")


def test_a_name_that_is_taken_is_refused(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunFolderError, match="already a run named empty"):
        folder.rename("empty")
    with pytest.raises(RunFolderError, match="not a valid run name"):
        folder.rename("../elsewhere")
    assert folder.config() == CONFIG


def test_a_running_run_keeps_its_name(folder: RunFolder) -> None:
    with folder.locked(), pytest.raises(RunFolderError, match="is training"):
        folder.rename("another")
    assert folder.config() == CONFIG
