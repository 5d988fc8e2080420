from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.batch.finding import find
from ml.batch.items import Kind
from ml.batch.messages import Done, Failed, Job, Outcome, Progress
from ml.batch.networks import Networks
from ml.batch.result_writer import ResultWriter
from ml.batch.results import UNFINISHED, StoppedError
from ml.batch.work import do
from ml.files import file_digest
from ml.recording.corrections import Corrections, write_corrections
from ml.recording.faces import NOBODY, Faces, PictureFile
from ml.recording.opened import open_recording
from ml.recording.playback import VideoReader
from ml.recording.recording import Recording, read_recording
from ml.vision.sources import read_image
from tests.ml.batch.conftest import PORTRAITS


def _jobs(folder: Path, out: Path, networks: Networks) -> list[Job]:
    return [Job(item, out, networks.options) for item in find([folder]).items]


def _done(job: Job, networks: Networks) -> Done:
    outcome = do(job, networks, lambda _: None)
    assert isinstance(outcome, Done)
    return outcome


def _video_job(folder: Path, out: Path, networks: Networks) -> Job:
    return next(j for j in _jobs(folder, out, networks) if j.item.name == "a.avi")


def _pictures_job(folder: Path, out: Path, networks: Networks) -> Job:
    return next(j for j in _jobs(folder, out, networks) if j.item.kind is Kind.PICTURES)


def _nothing_unfinished(out: Path) -> bool:
    return not [path for path in (out / UNFINISHED).iterdir() if path.is_dir()]


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_video_becomes_a_recording(folder: Path, tmp_path: Path, exact: Networks) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    done = _done(job, exact)
    opened = open_recording(job.folder)
    assert not opened.problems
    recording = opened.corrected.recording
    faces = recording.faces
    assert len(np.unique(faces.frame)) == done.frames == 30
    assert (faces.person != NOBODY).sum() == done.faces > 15
    assert recording.about.people == done.people == 1
    assert recording.about.source == "a.avi"
    assert recording.about.video is None
    assert not done.unchanged
    assert not done.problems
    assert _nothing_unfinished(job.out)


def test_pictures_become_a_recording_with_a_row_for_each(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)
    done = _done(job, exact)
    assert done.frames == done.faces == done.seconds == PORTRAITS
    assert list(done.problems) == ["broken.jpg"]
    recording = read_recording(job.folder)
    for n in range(PORTRAITS):
        size = 256 + 32 * n
        digest = file_digest(folder / f"{n} 顔.png")
        assert recording.faces.pictures[n] == PictureFile(f"{n} 顔.png", digest, 0, size, size)
    assert recording.faces.time.tolist() == [0, 1, 2]
    assert recording.faces.person.tolist() == [1, 1, 1]
    assert recording.about.problems == done.problems


def test_what_is_right_already_stays(folder: Path, tmp_path: Path, exact: Networks) -> None:
    for job in _jobs(folder, tmp_path / "out", exact):
        first = _done(job, exact)
        before = _content(job.folder)
        again = _done(job, exact)
        assert again == replace(first, unchanged=True)
        assert _content(job.folder) == before


def test_what_has_changed_is_analysed_again(
    folder: Path, tmp_path: Path, exact: Networks, portrait: npt.NDArray[np.uint8]
) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    cv2.imwrite(str(folder / "new.png"), portrait)
    job = _pictures_job(folder, tmp_path / "out", exact)
    done = _done(job, exact)
    assert not done.unchanged
    assert done.frames == PORTRAITS + 1
    assert _nothing_unfinished(job.out)


@pytest.mark.parametrize(
    "change", [{"interval": 0.5}, {"min_size": 30.0}, {"video": "plain"}, {"smoothing": 1.0}]
)
def test_other_settings_analyse_again(
    folder: Path, tmp_path: Path, exact: Networks, change: dict[str, float]
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    other = replace(job, options=replace(job.options, **change))
    assert not _done(other, exact).unchanged
    assert _done(other, exact).unchanged


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *(("faces.csv", damage) for damage in ("lost", "empty", "cut", "foreign")),
        *(("recording.json", damage) for damage in ("lost", "empty", "cut", "foreign")),
        *(("markers.csv", damage) for damage in ("lost", "foreign")),
    ],
)
def test_a_damaged_result_is_made_again(
    folder: Path, tmp_path: Path, exact: Networks, file: str, damage: str
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    path = job.folder / file
    content = path.read_bytes()
    rows = content.splitlines(keepends=True)
    path.unlink()
    if damage != "lost":
        some = {"empty": b"", "cut": b"".join(rows[: len(rows) // 2]), "foreign": b"other,things\n"}
        path.write_bytes(some[damage])
    assert not _done(job, exact).unchanged
    assert not open_recording(job.folder).problems
    assert _done(job, exact).unchanged


def test_what_else_is_in_a_result_is_kept(folder: Path, tmp_path: Path, exact: Networks) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    (job.folder / "notes.txt").write_text("of mine")
    other = replace(job, options=replace(job.options, interval=0.5))
    _done(other, exact)
    assert [path.read_text() for path in job.out.rglob("notes.txt")] == ["of mine"]


def test_a_corrected_result_is_kept_under_another_name(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    write_corrections(job.folder, Corrections(names={1: "Eileen"}))
    with (folder / "a.avi").open("ab") as file:
        file.write(b"\0")
    assert not _done(job, exact).unchanged
    (kept,) = (path for path in job.folder.parent.iterdir() if path.name.startswith("a.avi (until"))
    assert open_recording(kept).corrected.names == {1: "Eileen"}
    assert not (job.folder / "corrections.json").exists()


def test_a_folder_that_is_no_result_is_not_deleted(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    job.folder.mkdir(parents=True)
    (job.folder / "thesis.txt").write_text("all of it")
    _done(job, exact)
    assert [path.read_text() for path in (tmp_path / "out").rglob("thesis.txt")] == ["all of it"]


def test_an_interval_leaves_frames_out(folder: Path, tmp_path: Path, exact: Networks) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    job = replace(job, options=replace(job.options, interval=0.25))
    done = _done(job, exact)
    recording = read_recording(job.folder)
    assert done.frames == 4
    # The first frame from each quarter of a second on, at 30 frames a second.
    assert np.unique(recording.faces.frame).tolist() == [0, 8, 15, 23]


@pytest.mark.parametrize("kind", ["plain", "blurred"])
def test_a_video_is_kept_if_it_is_asked_for(
    folder: Path, tmp_path: Path, exact: Networks, kind: str
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    job = replace(job, options=replace(job.options, video=kind))
    _done(job, exact)
    recording = read_recording(job.folder)
    assert recording.about.video is not None
    assert recording.about.video.kind == kind
    image = _first_picture(recording)
    source = cv2.VideoCapture(str(folder / "a.avi")).read()[1]
    x, y, width, height = recording.faces.box[0].astype(int).tolist()
    face = np.s_[y : y + height, x : x + width]
    difference = np.abs(image[face].astype(int) - source[face]).mean()
    assert (difference > 20) == (kind == "blurred")


def test_pictures_are_kept_fitted_into_a_video(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)
    job = replace(job, options=replace(job.options, video="plain"))
    _done(job, exact)
    assert _first_picture(read_recording(job.folder)).shape == (960, 1280, 3)


def _first_picture(recording: Recording) -> npt.NDArray[np.uint8]:
    assert recording.about.video is not None
    reader = VideoReader(recording.folder / recording.about.video.file)
    try:
        return reader.at(0.0).image
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"Dear all,\nthis is no video.\n", "text"),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(500), "cannot be read as a video"),
    ],
)
def test_a_bad_video_fails_with_the_reason(
    tmp_path: Path, exact: Networks, content: bytes, why: str
) -> None:
    path = tmp_path / "in" / "bad.avi"
    path.parent.mkdir()
    path.write_bytes(content)
    (job,) = _jobs(path.parent, tmp_path / "out", exact)
    outcome = do(job, exact, lambda _: None)
    assert isinstance(outcome, Failed)
    assert "bad.avi" in outcome.reason
    assert why in outcome.reason
    assert not job.folder.exists()
    assert _nothing_unfinished(job.out)


def test_a_video_that_was_cut_off_says_so(tmp_path: Path, exact: Networks) -> None:
    path = tmp_path / "in" / "cut.mkv"
    path.parent.mkdir()
    _write_noise(path, seconds=6)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    (job,) = _jobs(path.parent, tmp_path / "out", exact)
    done = _done(job, exact)
    assert 0 < done.frames < 60
    assert "damaged or incomplete" in done.problems["cut.mkv"]
    assert _done(job, exact) == replace(done, unchanged=True)


def _write_noise(path: Path, seconds: int) -> None:
    """At 10 frames a second."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 10)
        stream.width, stream.height = 160, 120
        for _ in range(10 * seconds):
            image = random.integers(0, 255, (120, 160, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode())


def test_pictures_none_of_which_can_be_read_fail(tmp_path: Path, exact: Networks) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.png"):
        (tmp_path / "in" / name).write_bytes(b"no picture")
    (job,) = _jobs(tmp_path / "in", tmp_path / "out", exact)
    outcome = do(job, exact, lambda _: None)
    assert isinstance(outcome, Failed)
    assert set(outcome.problems) == {"a.jpg", "b.png"}
    assert not job.folder.exists()


def test_a_file_that_vanished_fails(folder: Path, tmp_path: Path, exact: Networks) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    (folder / "a.avi").unlink()
    outcome = do(job, exact, lambda _: None)
    assert isinstance(outcome, Failed)
    assert "a.avi" in outcome.reason


def test_stopping_leaves_nothing(
    folder: Path, tmp_path: Path, exact: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.batch.result_writer._TELL_SECONDS", 0.0)
    job = _video_job(folder, tmp_path / "out", exact)
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        do(job, exact, stop)
    assert [progress.frames for progress in told] == [1, 2, 3]
    assert told[-1].total == pytest.approx(1.0, abs=0.05)
    assert not job.folder.exists()
    assert _nothing_unfinished(job.out)


def test_what_a_killed_one_left_is_no_hindrance(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    job = _video_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    (lock,) = (job.out / UNFINISHED).glob("*.lock")
    shutil.copytree(job.folder, lock.with_suffix(""))
    shutil.rmtree(job.folder)
    _done(job, exact)
    assert _nothing_unfinished(job.out)


def test_recordings_tell_no_folders(folder: Path, tmp_path: Path, exact: Networks) -> None:
    for job in _jobs(folder, tmp_path / "out", exact):
        _done(job, exact)
        text = (job.folder / "recording.json").read_text()
        assert str(tmp_path) not in json.dumps(json.loads(text), ensure_ascii=False)


def test_a_result_that_cannot_be_written_fails(
    folder: Path, tmp_path: Path, exact: Networks
) -> None:
    (tmp_path / "out").write_text("a file, where a folder should be")
    job = _video_job(folder, tmp_path / "out", exact)
    outcome: Outcome = do(job, exact, lambda _: None)
    assert isinstance(outcome, Failed)
    assert "out" in outcome.reason


def test_pictures_go_on_after_the_last_one_that_was_analysed(
    folder: Path, tmp_path: Path, exact: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.batch.result_writer._TELL_SECONDS", 0.0)
    job = _pictures_job(folder, tmp_path / "out", exact)
    plain = replace(job, out=tmp_path / "plain")
    expected = _done(plain, exact)

    def stop(progress: Progress) -> None:
        if progress.frames == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        do(job, exact, stop)
    assert not job.folder.exists()
    read: list[str] = []

    def counted(path: Path) -> npt.NDArray[np.uint8]:
        read.append(path.name)
        return read_image(path)

    monkeypatch.setattr("ml.batch.pictures.read_image", counted)
    assert _done(job, exact) == expected
    # The last one that was written may not have been whole.
    assert read == ["1 顔.png", "2 顔.png", "broken.jpg"]
    _assert_same(read_recording(job.folder).faces, read_recording(plain.folder).faces)
    assert _nothing_unfinished(job.out)


def test_only_new_pictures_are_analysed(
    folder: Path, tmp_path: Path, exact: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _pictures_job(folder, tmp_path / "out", exact)
    _done(first, exact)
    (folder / "1 顔.png").rename(folder / "renamed.png")
    shutil.copy(folder / "0 顔.png", folder / "copy.png")
    (folder / "broken.jpg").unlink()
    job = _pictures_job(folder, tmp_path / "out", exact)
    plain = replace(job, out=tmp_path / "plain")
    _done(plain, exact)

    def refused(path: Path) -> npt.NDArray[np.uint8]:
        raise AssertionError(path)

    monkeypatch.setattr("ml.batch.pictures.read_image", refused)
    done = _done(job, exact)
    assert not done.unchanged
    _assert_same(read_recording(job.folder).faces, read_recording(plain.folder).faces)


def test_other_settings_know_no_pictures(folder: Path, tmp_path: Path, exact: Networks) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)
    _done(job, exact)
    (folder / "broken.jpg").unlink()
    other = _pictures_job(folder, tmp_path / "out", exact)
    other = replace(other, options=replace(other.options, min_size=10_000.0))
    networks = Networks(other.options, threads=1)
    try:
        assert _done(other, networks).faces == 0
    finally:
        networks.pool.shutdown()


def _assert_same(faces: Faces, expected: Faces) -> None:
    assert faces.pictures == expected.pictures
    for name, array in vars(expected).items():
        if isinstance(array, np.ndarray):
            # Valence is a difference, so that probabilities with four decimals give another fourth.
            np.testing.assert_allclose(getattr(faces, name), array, atol=1.5e-4, err_msg=name)


def test_pictures_that_can_be_read_now_are_not_left_out_for_ever(
    folder: Path, tmp_path: Path, exact: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)

    def short_of_memory(path: Path) -> npt.NDArray[np.uint8]:
        if path.name.startswith("1"):
            raise MemoryError
        return read_image(path)

    monkeypatch.setattr("ml.batch.pictures.read_image", short_of_memory)
    assert set(_done(job, exact).problems) == {"1 顔.png", "broken.jpg"}
    monkeypatch.undo()
    done = _done(job, exact)
    assert not done.unchanged
    assert set(done.problems) == {"broken.jpg"}
    assert _done(job, exact).unchanged


def test_a_full_disk_keeps_the_pictures_that_were_done(
    folder: Path, tmp_path: Path, exact: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _pictures_job(folder, tmp_path / "out", exact)

    def full(self: ResultWriter, *arguments: object) -> None:
        if self.frames == 2:
            self._writer.flush()
            raise OSError(errno.ENOSPC, "No space left on device")
        add(self, *arguments)  # type: ignore[arg-type]

    add = ResultWriter.add
    monkeypatch.setattr(ResultWriter, "add", full)
    outcome = do(job, exact, lambda _: None)
    assert isinstance(outcome, Failed)
    assert "No space left" in outcome.reason
    assert str(job.folder) in outcome.reason
    monkeypatch.undo()
    read: list[str] = []

    def counted(path: Path) -> npt.NDArray[np.uint8]:
        read.append(path.name)
        return read_image(path)

    monkeypatch.setattr("ml.batch.pictures.read_image", counted)
    assert _done(job, exact).frames == PORTRAITS
    assert "0 顔.png" not in read
    assert _nothing_unfinished(job.out)
