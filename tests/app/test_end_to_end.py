"""The whole program, started as people start it, on a real X display."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

# Runs main() with the given arguments; when a face has been named it says so and presses a key.
_DRIVER = """
import sys
import cv2  # first, as a user's site-packages may: it points Qt at OpenCV's own plugins
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from app import __main__ as program
from app.application import Application
from app.live.views.face_panel import FacePanel

{setup}

def look():
    window = next(iter(w for w in Application.topLevelWidgets() if w.isWindow() and w.isVisible()
                       and hasattr(w, "live")), None)
    panel = window and window.findChild(FacePanel)
    if panel is not None and panel.chart.probabilities is not None:
        print("SEEN", QGuiApplication.platformName(), panel.headline.text(), flush=True)
        timer.stop()
        {leave}

def run():
    global timer
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    return original()

original, Application.exec = Application.exec, staticmethod(run)
status = program.main(sys.argv[1:])
print("STATUS", status, flush=True)
sys.exit(status)
"""
_ENTER = "QTest.keyClick(window.live.view, Qt.Key.Key_Return)"
_CTRL_Q = "QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)"
_NOTHING = "pass"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb, a display without a screen (Debian: apt install xvfb)")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [
            "Xvfb",
            "-displayfd",
            str(writing),
            "-screen",
            "0",
            "1280x900x24",
            "-noreset",
            "-nolisten",
            "tcp",
        ],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    # The whole line: a server that cannot write the end of it ends itself.
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def start(clip: Path, leave: str, setup: str = "", **environment: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(_DRIVER).format(leave=leave, setup=setup)
    arguments = ["--source", str(clip), "--interval", "0", "--start"]
    environment = {**os.environ, "PYTHONWARNINGS": "error", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_on_a_real_display_it_names_a_face_and_leaves_cleanly(display: str, clip: Path) -> None:
    with start(clip, _ENTER, DISPLAY=display, QT_QPA_PLATFORM="xcb") as program:
        out, errors = program.communicate(timeout=90)
    assert "SEEN xcb Happy" in out, errors
    assert "STATUS 0" in out
    assert not errors
    assert program.returncode == 0


def test_ctrl_q_ends_it_cleanly(clip: Path) -> None:
    # A display without a window manager makes no window active, and shortcuts want that.
    with start(clip, _CTRL_Q, QT_QPA_PLATFORM="offscreen") as program:
        out, errors = program.communicate(timeout=90)
    assert out == "SEEN offscreen Happy\nSTATUS 0\n", errors


def test_ctrl_c_in_the_terminal_ends_it_cleanly(clip: Path) -> None:
    with start(clip, _NOTHING, QT_QPA_PLATFORM="offscreen") as program:
        assert program.stdout is not None
        seen = program.stdout.readline()
        program.send_signal(signal.SIGINT)
        out, errors = program.communicate(timeout=30)
    assert seen == "SEEN offscreen Happy\n", errors
    assert out == "STATUS 0\n", errors
    assert program.returncode == 0


def test_no_socket_is_ever_opened(clip: Path) -> None:
    forbid = textwrap.dedent(
        """
        import socket
        def refuse(*_, **__):
            print("SOCKET", flush=True)
            raise OSError("sockets are forbidden in this test")
        socket.socket.connect = socket.socket.bind = socket.getaddrinfo = refuse
        socket.create_connection = socket.socketpair = refuse
        import atexit
        unwanted = ("torch", "openvino_telemetry", "openvino.tools.ovc")
        atexit.register(lambda: print("IMPORTED", [m for m in unwanted if sys.modules.get(m)]))
        """
    )
    program = start(clip, _ENTER, forbid, QT_QPA_PLATFORM="offscreen")
    out, errors = program.communicate(timeout=90)
    assert "SEEN offscreen Happy" in out, errors
    assert "SOCKET" not in out
    assert "IMPORTED []" in out  # nor torch, nor what of OpenVINO would report to a web service
    assert program.returncode == 0


def test_the_window_knows_no_torch_until_the_worker_needs_it() -> None:
    code = "import app.main_window, sys; print([m for m in ('torch', 'cv2') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"
