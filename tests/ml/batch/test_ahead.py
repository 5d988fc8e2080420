from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.batch.ahead import mapped_ahead, read_ahead


@given(st.lists(st.integers()), st.integers(1, 5))
def test_all_comes_in_order(numbers: list[int], most: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        read = read_ahead(numbers, most)
        assert list(mapped_ahead(str, read, pool, most)) == [str(number) for number in numbers]


def test_no_more_is_read_than_may_wait() -> None:
    taken: list[int] = []
    may_go = threading.Event()

    def numbers() -> Iterator[int]:
        for number in count():
            taken.append(number)
            if number == 3:
                may_go.set()
            yield number

    with closing(read_ahead(numbers(), 2)) as read:
        assert next(read) == 0
        assert may_go.wait(5)
        # One was taken, two wait, and one is held by the thread that cannot put it.
        assert not threading.Event().wait(0.3)
        assert taken == [0, 1, 2, 3]


def test_nothing_is_left_behind_when_it_is_not_all_taken() -> None:
    with closing(read_ahead(count(), 2)) as read:
        assert list(islice(read, 3)) == [0, 1, 2]


def test_what_goes_wrong_is_raised_where_it_is_wanted() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with closing(read_ahead(broken(), 2)) as read:
        assert next(read) == 1
        with pytest.raises(ValueError, match="no more"):
            next(read)


def test_what_goes_wrong_in_the_pool_is_raised_in_its_place() -> None:
    with ThreadPoolExecutor(2) as pool, closing(mapped_ahead(_inverse, [1, 0, 2], pool, 2)) as made:
        assert next(made) == 1
        with pytest.raises(ZeroDivisionError):
            next(made)


def _inverse(number: int) -> float:
    return 1 / number
