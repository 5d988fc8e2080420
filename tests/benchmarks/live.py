"""The live tab on a 640×480 video: frames a second, hold-ups of the GUI thread, start, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()

import cv2
import numpy as np
import psutil
from PySide6.QtCore import QTimer
from skimage.data import astronaut

from app.application import Application
from app.main_window import MainWindow
from app.settings import INTERVAL, LOOP, Settings
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from ml.vision.sources import open_source
from resources import bundled_weights

_SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
"""600 shows whether memory grows over ten minutes."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "video.mp4"
        _make_video(video)
        plain = _plain_loop(video)
        _live(video, plain)
        _start(video)


def _make_video(path: Path) -> None:
    """Ten seconds of a face that moves about, 640×480 at 30 frames a second."""
    portrait = cv2.resize(np.ascontiguousarray(astronaut()[:, :, ::-1]), (480, 480))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (640, 480))
    for n in range(300):
        frame = np.full((480, 640, 3), 80, np.uint8)
        left = round(80 + 80 * np.sin(n / 30 * 2))
        frame[:, left : left + 480] = portrait
        writer.write(frame)
    writer.release()


def _plain_loop(video: Path) -> float:
    """Frames a second of what the original did: read, detect, classify, one after the other."""
    detector = FaceDetector()
    classifier = ExpressionClassifier(load_weights(bundled_weights()), exact=True)
    count = 0
    with open_source(str(video)) as source:
        start = time.perf_counter()
        while frame := source.read():
            for face in detector.detect(frame.image):
                classifier.probabilities(face_pictures(frame.image, face))
            count += 1
        rate = count / (time.perf_counter() - start)
    print(f"plain loop in one thread            {rate:6.1f} frames/s, no window")
    return rate


def _live(video: Path, plain: float) -> None:
    application = Application([])
    settings = Settings()
    settings.set(INTERVAL, 0.0)
    settings.set(LOOP, True)
    window = MainWindow(application, settings)
    window.show()
    window.live.choose_source(str(video))
    window.live.start()

    analyses: list[float] = []
    shown: list[float] = []
    window.live.session.stream.analysed.connect(
        lambda analysis: analyses.append(analysis.milliseconds)
    )
    window.live.view.frame_shown.connect(lambda: shown.append(0.0))
    beats: list[float] = []
    heart = QTimer()
    heart.timeout.connect(lambda: beats.append(time.perf_counter()))
    memory: list[float] = []
    process = psutil.Process()

    def begin() -> None:
        analyses.clear()
        shown.clear()
        heart.start(1)
        memory.append(process.memory_info().rss / 2**20)
        QTimer.singleShot(int(_SECONDS * 1000), end)

    def end() -> None:
        memory.append(process.memory_info().rss / 2**20)
        window.close()

    # The first seconds load the network and warm caches up.
    QTimer.singleShot(8000, begin)
    application.exec()
    gaps = np.diff(beats) * 1000
    rate = len(shown) / _SECONDS
    print(f"picture in the window               {rate:6.1f} frames/s  (aim: 30)")
    print(f"  over the plain loop               {rate / plain:6.2f} times")
    print(f"analyses                            {len(analyses) / _SECONDS:6.1f} a second")
    print(f"  each, finding and naming          {np.median(analyses):6.1f} ms")
    print(
        f"GUI thread held, longest            {gaps.max():6.1f} ms  (aim: at most 20)\n"
        f"  99.9 % of the time below          {np.percentile(gaps, 99.9):6.1f} ms"
    )
    print(f"memory after {_SECONDS:4.0f} s                 {memory[1] - memory[0]:+6.1f} MB")


def _start(video: Path) -> None:
    code = """
import sys, time
from PySide6.QtCore import QTimer
begin = float(sys.argv.pop(1))
from app import __main__ as program
from app.application import Application
from app.main_window import MainWindow
class Timed(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(0, lambda: print("window", time.time() - begin, flush=True))
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.live.session.stream.analysed.connect(self.first)
    def first(self, _):
        print("analysis", time.time() - begin, flush=True)
        self.close()
import app.main_window
app.main_window.MainWindow = Timed
program.main(sys.argv[1:])
"""
    for run in ("cold", "warm"):
        out = subprocess.run(
            [sys.executable, "-c", code, str(time.time()), "--source", str(video), "--start"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        times = dict(line.split()[:2] for line in out.splitlines() if " " in line)
        if run == "warm":
            print(
                f"start: window visible               {float(times['window']):6.2f} s  (aim: 1.5)"
            )
            print(
                f"start: first analysis               {float(times['analysis']):6.2f} s  (aim: 5)"
            )
