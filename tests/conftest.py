"""What every test gets: settings of its own, and failure when it leaves a thread or child."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# Before anything imports Qt; the end-to-end tests start programs on a real display of their own.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
if "PYTEST_XDIST_WORKER" in os.environ:
    # Several tests run at once: threads of one would only get in the way of another's.
    os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import numpy.typing as npt
import psutil
import pytest
from hypothesis import settings
from PySide6.QtCore import QThread
from skimage.data import astronaut

import ml.network.openvino_runtime  # noqa: F401 - before any test imports openvino

settings.register_profile("no timing", deadline=None)
settings.load_profile("no timing")

_ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, logs and runs of the person who runs the tests stay untouched."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    # But what OpenVINO compiled is shared, also with child processes and other workers.
    compiled = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        compiled = compiled.parent
    (compiled / "compiled").mkdir(exist_ok=True)
    cache = home / "cache" / "face-expression-detector"
    cache.mkdir(parents=True)
    with contextlib.suppress(OSError):  # Windows lets few users make links
        (cache / "compiled").symlink_to(compiled / "compiled", target_is_directory=True)


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk would take most of the time of tests that write many small files."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(autouse=True)
def _usual_priority() -> Iterator[None]:
    """SVT-AV1, which encodes for some tests, makes all of a root's process more urgent than the
    system itself; child processes would inherit it, and wait for threads that never get a turn."""
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    threads_before = set(threading.enumerate())
    system_threads_before = _system_threads()
    children_before = set(psutil.Process().children(recursive=True))
    yield
    # Looking through all objects takes longer than most tests: only if a thread was left at all.
    objects = gc.get_objects() if _system_threads() - system_threads_before else []
    running = [o for o in objects if issubclass(type(o), QThread) and _is_running(o)]
    assert not running, f"QThreads left running: {[thread.objectName() for thread in running]}"
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        threads = [
            t for t in set(threading.enumerate()) - threads_before if not t.daemon and t.is_alive()
        ]
        children = [
            child
            for child in set(psutil.Process().children(recursive=True)) - children_before
            if child.is_running() and child.status() != psutil.STATUS_ZOMBIE
        ]
        if not threads and not children:
            return
        time.sleep(0.05)
    raise AssertionError(f"left behind: {[t.name for t in threads]} {children}")


def _system_threads() -> set[int]:
    """The numbers of all of the process's threads, whoever started them."""
    return {thread.id for thread in psutil.Process().threads()}


def _is_running(thread: QThread) -> bool:
    try:
        return thread.isRunning()
    except RuntimeError:  # its C++ side is gone already
        return False


@pytest.fixture(scope="session")
def portrait() -> npt.NDArray[np.uint8]:
    """A real photograph with one face, BGR [512, 512, 3]."""
    return np.ascontiguousarray(astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: npt.NDArray[np.uint8]) -> Path:
    """A video of one second: the face moves to the right, then is gone for the last third."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (320, 240))
    face = portrait[0:240, 100:340]
    for n in range(30):
        frame = np.full((240, 320, 3), 90, np.uint8)
        if n < 20:
            frame[:, 2 * n : 2 * n + 240] = face
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="session")
def fer2013_path() -> Path:
    """The real data set: FER2013_PATH, or beside the repository."""
    path = Path(os.environ.get("FER2013_PATH") or _ROOT.parent / "shared" / "data" / "fer2013.zip")
    if not path.exists():
        pytest.skip(f"needs FER2013 (looked for it at {path}; set FER2013_PATH)")
    return path


@pytest.fixture(scope="session")
def videos_path(fer2013_path: Path) -> Path:
    """The folder of real clips beside the real data set."""
    path = fer2013_path.parent / "videos"
    if not path.is_dir():
        pytest.skip(f"needs the sample clips (looked for them at {path})")
    return path
