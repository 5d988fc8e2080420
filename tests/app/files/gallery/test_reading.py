from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.files.gallery.reading import read, version
from ml.expressions import Expression
from ml.recording.corrections import Corrections, write_corrections
from ml.recording.errors import RecordingError
from tests.app.files.gallery.made_results import BOX, SIZE, face, pictures_result, video_result

HAPPY, SAD = Expression.HAPPY, Expression.SAD


def test_faces_of_a_video(tmp_path: Path) -> None:
    frames = [[face(1, HAPPY, 0.6)], [face(1, HAPPY, 0.9)], [face(1, SAD, 0.5), face(2, SAD)]]
    item, folder = video_result(tmp_path, frames)
    reading = read(item, folder)
    faces = [reading.face(n) for n in range(len(reading))]
    assert [(f.time, f.person, f.expression) for f in faces] == [
        (0.04, 1, HAPPY),
        (0.08, 1, SAD),
        (0.08, 2, SAD),
    ]
    first = faces[0]
    assert first.probability == pytest.approx(0.9)
    assert first.place.file == item.files[0]
    assert first.place.time == 0.04
    assert first.place.box == BOX
    assert first.quality == pytest.approx(0.6)


def test_all_faces_of_pictures(tmp_path: Path) -> None:
    pictures = [[face(1, HAPPY), face(2, HAPPY)], [], [face(1, HAPPY)]]
    item, folder = pictures_result(tmp_path, pictures, turned=90)
    reading = read(item, folder)
    faces = [reading.face(n) for n in range(len(reading))]
    assert [(f.place.file.name, f.person) for f in faces] == [
        ("0.png", 1),
        ("0.png", 2),
        ("2.png", 1),
    ]
    assert all((f.place.time, f.place.turned, f.place.size) == (None, 90, SIZE) for f in faces)


def test_files_that_only_the_recording_names_are_not_opened(tmp_path: Path) -> None:
    item, folder = pictures_result(tmp_path, [[face(1, HAPPY)], [face(1, SAD)]])
    table = folder / "faces.csv"
    table.write_text(table.read_text().replace("1.png", "/etc/passwd"))
    reading = read(item, folder)
    assert [reading.face(n).place.file for n in range(len(reading))] == [item.files[0]]
    other = replace(item, files=(tmp_path / "elsewhere.png",))
    assert len(read(other, folder)) == 0


def test_corrections_make_another_version(tmp_path: Path) -> None:
    item, folder = video_result(tmp_path, [[face(1, HAPPY), face(2, SAD)]])
    before = version(folder)
    assert read(item, folder).version == before
    write_corrections(folder, Corrections(merged={2: 1}, names={1: "Ana"}))
    reading = read(item, folder)
    assert reading.version != before
    assert [(reading.face(n).person, reading.face(n).name) for n in range(len(reading))] == [
        (1, "Ana")
    ]


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    item, folder = video_result(tmp_path, [[face(1, HAPPY)]])
    (folder / "recording.json").write_text("{")
    with pytest.raises(RecordingError, match="is damaged"):
        read(item, folder)
