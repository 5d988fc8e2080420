"""What comes next is made by other threads, while this one is busy with what came before."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue
from typing import Final, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

_LOOK: Final = 0.1
"""Seconds between two looks at whether anybody still wants what waits."""


def mapped_ahead(
    make: Callable[[Given], Made], given: Iterable[Given], pool: ThreadPoolExecutor, most: int
) -> Generator[Made]:
    """As ``map``, in the same order, but up to ``most`` are made, or wait to be taken, at once."""
    waiting: deque[Future[Made]] = deque()
    try:
        for item in given:
            waiting.append(pool.submit(make, item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def read_ahead(given: Iterable[Given], most: int) -> Generator[Given]:
    """``given`` by a thread of its own, up to ``most`` of them ahead.

    It has ended when this has: close the generator if not all is taken. Raises what ``given``
    raises.
    """
    read: Queue[Given | BaseException | None] = Queue(most)
    unwanted = threading.Event()

    def put(item: Given | BaseException | None) -> None:
        while not unwanted.is_set():
            with suppress(Full):
                read.put(item, timeout=_LOOK)
                return

    def work() -> None:
        try:
            for item in given:
                put(item)
                if unwanted.is_set():
                    return
            put(None)
        except BaseException as error:  # raised where it is wanted
            put(error)

    thread = threading.Thread(target=work, name="reading ahead")
    thread.start()
    try:
        while (item := read.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        unwanted.set()
        thread.join()
