from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PySide6.QtGui import QImage, qGray
from pytestqt.qtbot import QtBot

from app.files.gallery import crops as crops_module
from app.files.gallery.crops import Crops
from app.files.gallery.found_face import FoundFace, Place
from app.files.gallery.reading import read
from ml.expressions import Expression
from tests.app.files.gallery.made_results import (
    Result,
    brightness,
    face,
    pictures_result,
    video_result,
)

EACH = list(Expression)


@pytest.fixture
def crops(qtbot: QtBot) -> Iterator[Crops]:
    crops = Crops()
    yield crops
    assert crops.shut_down()


def faces_of(result: Result) -> list[FoundFace]:
    reading = read(*result)
    return [reading.face(n) for n in range(len(reading))]


def read_all(crops: Crops, qtbot: QtBot, places: list[Place]) -> list[QImage | str | None]:
    crops.want(places)
    qtbot.waitUntil(lambda: all(crops.picture(place) is not None for place in places))
    return [crops.picture(place) for place in places]


def problem(crops: Crops, qtbot: QtBot, place: Place) -> str:
    (told,) = read_all(crops, qtbot, [place])
    assert isinstance(told, str)
    return told


def assert_shows(picture: QImage | str | None, expression: Expression) -> None:
    """The face fills all of it."""
    assert isinstance(picture, QImage), picture
    last = picture.width() - 1
    assert picture.width() == picture.height()
    for x, y in (
        (2, 2),
        (last - 2, 2),
        (last // 2, last // 2),
        (2, last - 2),
        (last - 2, last - 2),
    ):
        assert qGray(picture.pixel(x, y)) == pytest.approx(brightness(expression), abs=6)


def test_the_frames_of_a_video_in_any_order(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    faces = faces_of(video_result(tmp_path, [[face(1, EACH[n // 3 % 7])] for n in range(42)]))
    assert len(faces) == 14
    faces = faces[::-3] + faces[::4]
    pictures = read_all(crops, qtbot, [one.place for one in faces])
    for one, picture in zip(faces, pictures, strict=True):
        assert_shows(picture, one.expression)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_several_faces_in_pictures(crops: Crops, qtbot: QtBot, tmp_path: Path, turned: int) -> None:
    pictures = [[face(1, EACH[n]), face(2, EACH[6 - n])] for n in range(3)]
    faces = faces_of(pictures_result(tmp_path, pictures, turned))
    shown = read_all(crops, qtbot, [one.place for one in faces])
    assert len(shown) == 6
    for one, picture in zip(faces, shown, strict=True):
        assert_shows(picture, one.expression)


def test_a_video_that_was_turned(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    (one,) = faces_of(video_result(tmp_path, [[face(1, Expression.SAD)]] * 2))
    # Its frame upside down has the face at the left.
    x, y, width, height = one.place.box
    upside_down = replace(one.place, turned=180, box=(160 - x - width, 120 - y - height, 30, 40))
    assert_shows(read_all(crops, qtbot, [upside_down])[0], Expression.SAD)


def test_a_file_that_is_gone_and_comes_back(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    for result in (
        video_result(tmp_path, [[face(1, Expression.SAD)]] * 2),
        pictures_result(tmp_path, [[face(1, Expression.SAD)]]),
    ):
        place, file = faces_of(result)[0].place, result[0].files[0]
        file.rename(tmp_path / "away")
        assert problem(crops, qtbot, place) == f"{file} is not there any more."
        (tmp_path / "away").rename(file)
        crops.forget_problems()
        assert_shows(read_all(crops, qtbot, [place])[0], Expression.SAD)


def long_ago(one: FoundFace) -> Place:
    """It was analysed before its file was written."""
    return replace(one.place, analysed=one.place.analysed - 60)


def test_a_file_that_was_changed(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    video = video_result(tmp_path / "1", [[face(1, Expression.SAD)]] * 2)
    other = video_result(tmp_path / "2", [[face(1, Expression.HAPPY)]] * 2)
    shutil.copy(other[0].files[0], video[0].files[0])
    pictures = pictures_result(tmp_path, [[face(1, Expression.SAD)]])
    for result in (video, pictures):
        told = problem(crops, qtbot, long_ago(faces_of(result)[0]))
        assert told == f"{result[0].files[0].name} was changed after it was analysed."


def test_a_video_that_was_copied_back_is_the_same(
    crops: Crops, qtbot: QtBot, tmp_path: Path
) -> None:
    (one,) = faces_of(video_result(tmp_path, [[face(1, Expression.SAD)]] * 2))
    assert_shows(read_all(crops, qtbot, [long_ago(one)])[0], Expression.SAD)


def test_a_time_in_the_future_says_nothing(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    result = pictures_result(tmp_path, [[face(1, Expression.SAD)]])
    os.utime(result[0].files[0], (4e9, 4e9))
    assert_shows(read_all(crops, qtbot, [faces_of(result)[0].place])[0], Expression.SAD)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"size": (640, 480)}, "was changed"),
        ({"box": (5000.0, 40.0, 30.0, 40.0)}, "was changed"),
        ({"box": (float("nan"),) * 4}, "does not tell where"),
        ({"box": (10.0, 10.0, 0.0, 40.0)}, "does not tell where"),
        ({"box": (-1e6, -1e6, 1e6, 1e6)}, "was changed"),
    ],
)
def test_what_a_recording_tells_is_not_relied_on(
    crops: Crops, qtbot: QtBot, tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    (one,) = faces_of(pictures_result(tmp_path, [[face(1, Expression.SAD)]]))
    assert expected in problem(crops, qtbot, replace(one.place, **changes))  # type: ignore[arg-type]


def test_a_huge_box_shows_what_there_is(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    (one,) = faces_of(pictures_result(tmp_path, [[face(1, Expression.SAD)]]))
    (picture,) = read_all(crops, qtbot, [replace(one.place, box=(-1e6, -1e6, 2e6, 2e6))])
    assert isinstance(picture, QImage)
    assert picture.width() == picture.height() == 120


def test_a_damaged_file_does_not_keep_the_others(
    crops: Crops, qtbot: QtBot, tmp_path: Path
) -> None:
    result = pictures_result(tmp_path, [[face(1, Expression.SAD)], [face(1, Expression.HAPPY)]])
    result[0].files[0].write_bytes(b"no picture")
    damaged, good = read_all(crops, qtbot, [one.place for one in faces_of(result)])
    assert isinstance(damaged, str)
    assert "0.png" in damaged
    assert_shows(good, Expression.HAPPY)


def test_what_is_not_wanted_any_more_is_not_read(
    crops: Crops, qtbot: QtBot, tmp_path: Path
) -> None:
    places = [
        one.place
        for one in faces_of(pictures_result(tmp_path, [[face(1, EACH[n])] for n in range(7)]))
    ]
    with crops._changed:  # as long as it cannot begin
        crops.want(places[:6])
        crops.want(places[6:])
    qtbot.waitUntil(lambda: crops.picture(places[6]) is not None)
    assert all(crops.picture(place) is None for place in places[:6])


def test_so_many_bytes_are_kept_at_most(
    crops: Crops, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [
        one.place
        for one in faces_of(pictures_result(tmp_path, [[face(1, EACH[n])] for n in range(7)]))
    ]
    (first,) = read_all(crops, qtbot, places[:1])
    assert isinstance(first, QImage)
    monkeypatch.setattr(crops_module, "_MOST_BYTES", 3 * first.sizeInBytes())
    for place in places[1:]:
        read_all(crops, qtbot, [place])
    assert [crops.picture(place) is not None for place in places] == [False] * 4 + [True] * 3


def test_pictures_are_no_larger_than_shown(crops: Crops, qtbot: QtBot, tmp_path: Path) -> None:
    (one,) = faces_of(pictures_result(tmp_path, [[face(1, Expression.SAD)]]))
    (small,) = read_all(crops, qtbot, [one.place])
    assert isinstance(small, QImage)
    assert small.width() == 60  # half as much again as the box
    large = np.kron(np.eye(2, dtype=np.uint8), np.full((900, 900), 200, np.uint8))
    file = tmp_path / "large.png"
    file.write_bytes(cv2.imencode(".png", large)[1].tobytes())
    place = replace(one.place, file=file, size=None, box=(300.0, 300.0, 600.0, 600.0))
    (shrunk,) = read_all(crops, qtbot, [place])
    assert isinstance(shrunk, QImage)
    assert shrunk.width() == 224


def test_files_are_let_go_when_nothing_is_wanted(
    crops: Crops, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops_module, "_IDLE", 0.05)
    result = video_result(tmp_path, [[face(1, Expression.SAD)]] * 2)
    read_all(crops, qtbot, [faces_of(result)[0].place])
    name = str(result[0].files[0])
    qtbot.waitUntil(lambda: name not in [file.path for file in psutil.Process().open_files()])
