"""Streams from a server in this process: Motion JPEG, as network cameras send it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import cv2
import numpy as np
import pytest

from ml.vision.sources import SourceError, open_source, streams
from tests.ml.vision.sources.files import refusal

_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n"


def _part(level: int) -> bytes:
    content = cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes()
    head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content + b"\r\n"


@contextmanager
def _serving(send: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The address of a server that answers one caller by ``send``; its event tells the end."""
    end = threading.Event()

    def serve() -> None:
        with suppress(OSError), server, server.accept()[0] as caller:
            caller.recv(4096)
            send(caller, end)

    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/live"
    finally:
        end.set()
        thread.join()


def test_frames_come_as_they_are_sent() -> None:
    def send(caller: socket.socket, end: threading.Event) -> None:
        caller.sendall(_HEAD)
        for n in range(20):
            caller.sendall(_part(10 * n))
            end.wait(0.02)

    with _serving(send) as address, open_source(address) as source:
        assert source.live
        assert not source.still
        assert source.length is None
        assert source.name == address
        frames = [source.read() for _ in range(19)]
        assert source.read()
        with pytest.raises(SourceError, match=f"{address} stopped sending frames"):
            source.read()
    levels = [round(float(frame.image.mean())) for frame in frames if frame]
    times = [frame.time for frame in frames if frame]
    assert levels == pytest.approx(np.arange(19) * 10, abs=2)
    assert times == sorted(times)
    assert [frame.index for frame in frames if frame] == list(range(19))


@pytest.mark.parametrize("first", [b"", _HEAD, _HEAD + b"--next\r\n"], ids=["", "head", "part"])
def test_a_server_that_says_no_more_is_given_up(
    monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(streams, "_TIMEOUT", 0.3)

    def send(caller: socket.socket, end: threading.Event) -> None:
        caller.sendall(first)
        end.wait(10)

    with _serving(send) as address:
        start = time.monotonic()
        assert f"No stream responds at {address}" in refusal(address)
        assert time.monotonic() - start < 5, "the server would have waited for longer"


@pytest.mark.parametrize("damaged", [False, True])
def test_a_stream_that_stops_is_lost(monkeypatch: pytest.MonkeyPatch, damaged: bool) -> None:
    """Also one that goes on with what cannot be decoded."""
    monkeypatch.setattr(streams, "_TIMEOUT", 0.5)

    def send(caller: socket.socket, end: threading.Event) -> None:
        caller.sendall(_HEAD + _part(50) * 5)
        part, over = _part(50), time.monotonic() + 10
        while not end.wait(0.02) and time.monotonic() < over:
            if damaged:
                caller.sendall(part[:80] + bytes(len(part) - 82) + b"\r\n")

    with _serving(send) as address, open_source(address) as source:
        for _ in range(5):
            assert source.read()
        start = time.monotonic()
        with pytest.raises(SourceError, match="stopped sending frames"):
            source.read()
        assert time.monotonic() - start < 5, "the server would have gone on for longer"
