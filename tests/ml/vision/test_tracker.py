from __future__ import annotations

import math
import pickle
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.vision.analysis import Face
from ml.vision.tracker import Tracker


def _face(x: float, y: float = 0, size: float = 100) -> Face:
    return Face(x, y, size, size, 0.9, ((0, 0),) * 5)


def test_a_moving_face_keeps_its_track() -> None:
    tracker = Tracker()
    tracks = {tracker.update([_face(20 * n)], n / 10)[0].track for n in range(30)}
    assert len(tracks) == 1


def test_every_new_face_gets_a_track_of_its_own() -> None:
    tracker = Tracker()
    first = tracker.update([_face(0), _face(500)], 0)
    second = tracker.update([_face(1000), _face(500), _face(0)], 0.1)

    assert first[0].track != first[1].track
    assert second[1].track == first[1].track
    assert second[2].track == first[0].track
    assert second[0].track not in {face.track for face in first}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), unique=True, max_size=8),
    st.integers(0, 3),
)
def test_faces_are_followed_when_frames_are_turned(
    places: list[tuple[int, int]], quarters: int
) -> None:
    """Each is found where the turned frame shows it."""
    tracker = Tracker()
    before = tracker.update([_face(200 * x, 150 * y) for x, y in places], 0)
    size = tracker.turn(quarters, (800, 600))
    assert size == ((600, 800) if quarters % 2 else (800, 600))
    faces = []
    for face in before:
        x, y = face.face.centre
        width, height = 800, 600
        for _ in range(quarters):
            x, y, width, height = height - y, x, height, width
        faces.append(_face(x - 50, y - 50))
    after = tracker.update(faces, 0.1)
    assert [face.track for face in after] == [face.track for face in before]


def test_a_face_goes_on_as_it_went_when_frames_are_turned() -> None:
    """To the right, which is down after a quarter."""
    tracker = Tracker()
    for n in range(30):
        (before,) = tracker.update([_face(20 * n, 0)], n / 10)
    assert tracker.turn(1, (800, 600)) == (600, 800)
    (after,) = tracker.update([_face(600 - 50 - 50, 20 * 30)], 3.0)
    assert after.track == before.track
    assert after.velocity[0] == pytest.approx(0, abs=1)
    assert after.velocity[1] == pytest.approx(200, rel=0.05)


def test_order_of_the_faces_is_kept() -> None:
    tracker = Tracker()
    tracker.update([_face(0), _face(200), _face(400)], 0)
    faces = [_face(400), _face(0), _face(200)]
    assert [tracked.face for tracked in tracker.update(faces, 0.1)] == faces


def test_near_faces_do_not_swap() -> None:
    """Two faces whose boxes overlap, both moving: each overlaps its own old box most."""
    tracker = Tracker()
    before = tracker.update([_face(0), _face(60)], 0)
    after = tracker.update([_face(25), _face(85)], 0.1)
    assert [face.track for face in after] == [face.track for face in before]


def test_passing_faces_keep_their_tracks() -> None:
    tracker = Tracker()
    start = tracker.update([_face(0, 0), _face(400, 40)], 0)
    for n in range(1, 41):
        now = tracker.update([_face(10 * n, 0), _face(400 - 10 * n, 40)], n / 30)
    assert [face.track for face in now] == [face.track for face in start]


def test_a_larger_newcomer_does_not_take_a_track() -> None:
    """Somebody comes in before a face that stays: faces are told of the largest first."""
    tracker = Tracker()
    (stays,) = tracker.update([_face(100, 100)], 0)
    newcomer, still = tracker.update([_face(60, 60, 180), _face(100, 100)], 0.1)
    assert still.track == stays.track
    assert newcomer.track != stays.track


@pytest.mark.parametrize(("away", "known"), [(0.5, True), (1.9, True), (2.5, False)])
def test_a_lost_face_is_known_for_two_seconds(away: float, known: bool) -> None:
    tracker = Tracker()
    (before,) = tracker.update([_face(0)], 10)
    for n in range(1, 5):
        tracker.update([], 10 + away * n / 5)
    (after,) = tracker.update([_face(5)], 10 + away)
    assert (after.track == before.track) is known


def test_what_was_remembered_comes_back_with_the_face() -> None:
    tracker = Tracker()
    (face,) = tracker.update([_face(0)], 0)
    tracker.remember(replace(face, probabilities=(1.0, 0, 0, 0, 0, 0, 0)))
    tracker.update([], 0.3)
    (back,) = tracker.update([_face(5)], 0.6)
    assert back.probabilities == (1.0, 0, 0, 0, 0, 0, 0)


def test_velocity_is_that_of_the_face() -> None:
    tracker = Tracker()
    for n in range(20):
        (face,) = tracker.update([_face(90 * n / 30, 30 * n / 30)], n / 30)
    assert face.velocity == pytest.approx((90, 30), rel=0.01)
    assert face.offset_after(0.1) == pytest.approx((9, 3), rel=0.01)

    for n in range(20, 40):
        (face,) = tracker.update([_face(60, 20)], n / 30)
    assert face.velocity == pytest.approx((0, 0), abs=0.1)


def test_boxes_are_moved_along_for_a_moment_only() -> None:
    tracker = Tracker()
    for n in range(20):
        (face,) = tracker.update([_face(30 * n)], n / 10)
    assert face.offset_after(100) == face.offset_after(0.25)
    assert face.offset_after(-1) == (0, 0)


@pytest.mark.parametrize("step", [0.0, -0.5, -100.0])
def test_time_that_stands_or_runs_backwards_is_survived(step: float) -> None:
    tracker = Tracker()
    tracker.update([_face(0)], 0)
    (before,) = tracker.update([_face(10)], 1)
    (after,) = tracker.update([_face(20)], 1 + step)
    assert after.track == before.track
    assert after.velocity == before.velocity


def test_a_clock_that_stands_loses_no_moving_face() -> None:
    tracker = Tracker()
    tracks = {tracker.update([_face(30 * n)], 7)[0].track for n in range(30)}
    assert len(tracks) == 1


@pytest.mark.parametrize("step", [3.0, 3600.0])
def test_a_face_that_stays_is_kept_however_seldom_it_is_seen(step: float) -> None:
    tracker = Tracker()
    tracks = {tracker.update([_face(5 * (n % 2))], step * n)[0].track for n in range(10)}
    assert len(tracks) == 1


def test_two_hundred_faces_in_any_order() -> None:
    tracker, shuffled = Tracker(), random.Random(0)
    places = [(130 * (n % 20), 130 * (n // 20)) for n in range(200)]
    tracks: dict[tuple[int, int], int] = {}
    for n in range(5):
        shuffled.shuffle(places)
        faces = [_face(x + 8 * n, y + 4 * (n % 2)) for x, y in places]
        for place, face in zip(places, tracker.update(faces, n / 10), strict=True):
            assert tracks.setdefault(place, face.track) == face.track
    assert len(set(tracks.values())) == 200


def test_who_left_is_not_kept_in_memory() -> None:
    tracker = Tracker()
    for n in range(500):
        tracker.update([_face(1000 * n)], n)
    for n in range(500, 510):
        tracker.update([], n)
    assert len(pickle.dumps(tracker)) <= len(pickle.dumps(Tracker())) + 20


_FACES = st.lists(
    st.builds(
        Face,
        *(st.floats(-100, 300) for _ in range(2)),
        *(st.floats(0.5, 300) for _ in range(2)),
        st.just(0.9),
        st.just(((0.0, 0.0),) * 5),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(_FACES, st.floats(-1, 3) | st.floats(-1e6, 1e6)), max_size=12))
def test_never_two_faces_of_one_track(frames: list[tuple[list[Face], float]]) -> None:
    tracker, time = Tracker(), 0.0
    for faces, step in frames:
        time += step
        tracked = tracker.update(faces, time)
        assert [t.face for t in tracked] == faces
        assert len({t.track for t in tracked}) == len(faces)
        assert all(math.isfinite(speed) for t in tracked for speed in t.velocity)


def test_nobody_is_known_after_it_forgot() -> None:
    tracker = Tracker()
    tracker.update([_face(0)], 0)
    tracker.forget()
    (face,) = tracker.update([_face(0)], 0.1)
    assert face.track == 2, "ids go on"
