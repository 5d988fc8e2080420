from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import EXPRESSIONS, Expression
from ml.people.history import History
from ml.people.summary import EPISODE, summarise
from ml.vision.analysis import TrackedFace
from tests.ml.people.faces import person, worth


def history_of(*parts: tuple[float, TrackedFace | None], step: float = 0.1) -> History:
    """Each face, or nobody, for so many seconds."""
    history, n = History(), 0
    for seconds, face in parts:
        for _ in range(round(seconds / step)):
            history.add(n * step, [face] if face is not None else [])
            n += 1
    history.add(n * step, [])
    return history


def test_time_means_and_episodes() -> None:
    happy, sad = person(0, Expression.HAPPY, 0.8), person(0, Expression.SAD, 0.6)
    summary = summarise(history_of((3.0, happy), (1.0, sad), (2.0, happy)).rows(0))
    assert summary is not None
    assert summary.seconds == pytest.approx(6.0)
    assert summary.shares[Expression.HAPPY] == pytest.approx(5 / 6)
    assert summary.shares[Expression.SAD] == pytest.approx(1 / 6)
    assert summary.means[Expression.HAPPY] == pytest.approx((5 * 0.8 + 0.4 / 6) / 6, abs=1e-3)
    assert summary.episodes[Expression.HAPPY] == 2
    assert summary.episodes[Expression.SAD] == 1
    assert summary.left_out == 0


def test_uneven_intervals_count_by_their_length() -> None:
    history = History()
    happy, sad = person(0, Expression.HAPPY), person(0, Expression.SAD)
    for time, face in ((0.0, sad), (1.5, happy), (1.6, happy), (1.7, happy), (1.8, happy)):
        history.add(time, [face])
    summary = summarise(history.rows(0))
    assert summary is not None
    assert summary.shares[Expression.SAD] == pytest.approx(1.5 / 1.8, abs=1e-3)


@pytest.mark.parametrize(("seconds", "episodes"), [(0.4, 0), (0.5, 1), (0.6, 1)])
def test_what_is_held_too_shortly_is_no_episode(seconds: float, episodes: int) -> None:
    happy, sad = person(0, Expression.HAPPY), person(0, Expression.SAD)
    summary = summarise(history_of((1.0, sad), (seconds, happy), (1.0, sad)).rows(0))
    assert summary is not None
    assert summary.episodes[Expression.HAPPY] == episodes
    assert summary.episodes[Expression.SAD] == 2


@pytest.mark.parametrize(("away", "episodes"), [(0.3, 1), (2.0, 2)])
def test_being_away_ends_an_episode(away: float, episodes: int) -> None:
    happy = person(0, Expression.HAPPY)
    summary = summarise(history_of((1.0, happy), (away, None), (1.0, happy)).rows(0))
    assert summary is not None
    assert summary.episodes[Expression.HAPPY] == episodes
    assert summary.seconds == pytest.approx(2.0)


def test_low_quality_is_left_out_if_wanted() -> None:
    poor = person(0, Expression.SAD, quality=worth(0.3))
    rows = history_of((1.0, person(0, Expression.HAPPY)), (3.0, poor)).rows(0)
    everything, good = summarise(rows), summarise(rows, 0.5)
    assert everything is not None
    assert good is not None
    assert everything.shares[Expression.SAD] == pytest.approx(0.75)
    assert good.shares[Expression.SAD] == 0
    assert (good.seconds, good.left_out) == pytest.approx((1.0, 3.0))
    assert summarise(history_of((1.0, poor)).rows(0), 0.5) is None


def test_nobody_has_no_summary_and_a_photograph_has_one() -> None:
    history = History()
    assert summarise(history.rows(0)) is None
    history.add(0.0, [person(0, Expression.FEAR)])
    summary = summarise(history.rows(0))
    assert summary is not None
    assert summary.seconds == 0
    assert summary.shares[Expression.FEAR] == 1
    assert summary.means[Expression.FEAR] == pytest.approx(0.7, abs=1e-3)


_PARTS = st.lists(
    st.tuples(st.floats(0.05, 3.0), st.sampled_from([*EXPRESSIONS, None])), min_size=1, max_size=12
)


@given(_PARTS)
def test_shares_and_means_add_up(parts: list[tuple[float, Expression | None]]) -> None:
    history = history_of(*((s, person(0, e) if e is not None else None) for s, e in parts))
    summary = summarise(history.rows(0))
    seen = sum(round(s / 0.1) for s, e in parts if e is not None) / 10
    if summary is None:
        assert seen == 0
        return
    assert summary.seconds == pytest.approx(seen, abs=1e-4)
    assert np.sum(summary.shares) == pytest.approx(1)
    assert np.sum(summary.means) == pytest.approx(1, abs=1e-2)
    assert sum(summary.episodes) * EPISODE <= sum(round(s / 0.1) for s, _ in parts) / 10 + 1e-6
    assert all(
        n == 0 for n, share in zip(summary.episodes, summary.shares, strict=True) if not share
    )
