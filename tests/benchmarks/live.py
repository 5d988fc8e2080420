"""The live tab on videos: frames a second, processor, hold-ups of the GUI thread, start, memory."""

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
from app.live.recording.plan import RecordingPlan, VideoKind
from app.main_window import MainWindow
from app.settings import INTERVAL, LOOP, Settings
from ml.recording.about import read_about

_SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
"""600 shows whether memory grows over ten minutes."""
_WARM_UP_MS = 6000
_DATA = Path(os.environ.get("FER2013_PATH", "../shared/data/fer2013.zip"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for rate in (30, 60):
            video = Path(folder) / f"{rate}.mp4"
            _make_video(video, rate)
            _in_a_process(f"640×480, {rate} frames a second", video)
        four = Path(folder) / "four.mp4"
        _make_video(four, 30, people=4)
        _in_a_process("640×480, 30 frames a second, four people", four)
        _in_a_process("the same, recorded as data", four, Path(folder) / "data")
        _in_a_process("the same, recorded with video", four, Path(folder) / "video")
        large = Path(folder) / "large.mp4"
        _make_video(large, 30, people=4, size=(1280, 720))
        _in_a_process("1280×720, four people, recorded with video", large, Path(folder) / "large")
        video = Path(folder) / "30.mp4"
        if _DATA.exists():
            with tempfile.TemporaryDirectory() as run:
                training = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "ml", "train", str(_DATA), "--preset", "quick"),
                        *("--run-dir", f"{run}/run", "--background", "--threads", "1"),
                    ],
                    stderr=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
                time.sleep(25)  # until it trains
                _in_a_process("the same at 30, with a training run", video)
                training.kill()
                training.wait()
        _start(video)


def _make_video(path: Path, rate: int, people: int = 1, size: tuple[int, int] = (640, 480)) -> None:
    """Ten seconds of faces that move about: one large, or four in the quarters."""
    side, across = (size[1], 1) if people == 1 else (size[1] // 2, 2)
    portrait = cv2.resize(np.ascontiguousarray(astronaut()[:, :, ::-1]), (side, side))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    width = size[0] // across
    for n in range(10 * rate):
        frame = np.full((size[1], size[0], 3), 80, np.uint8)
        for person in range(people):
            row, column = divmod(person, across)
            left = round((width - side) / 2 * (1 + np.sin(n / rate * 2 + person)))
            left += column * width
            frame[row * side : (row + 1) * side, left : left + side] = portrait
        writer.write(frame)
    writer.release()


def _in_a_process(title: str, *paths: Path) -> None:
    print(title, flush=True)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.live", *map(str, paths)], check=True)


def _window(video: Path, recording: Path | None = None) -> None:
    """What a window comes to that analyses every frame of ``video``, and records it."""
    application = Application([])
    settings = Settings()
    settings.set(INTERVAL, 0.0)
    settings.set(LOOP, True)
    window = MainWindow(application, settings)
    window.show()
    window.live.choose_source(str(video))
    if recording is not None:
        kind = None if recording.name == "data" else VideoKind.PLAIN
        window.live.record_next(RecordingPlan(recording, video=kind))
    window.live.start()

    analyses: list[float] = []
    shown: list[float] = []
    window.live.session.stream.analysed.connect(
        lambda analysis: analyses.append(analysis.milliseconds)
    )
    window.live.view.frame_shown.connect(lambda: shown.append(0.0))
    # Made beforehand, lest it be taken for the window's memory that grows.
    beats = np.ones(int(_SECONDS * 1100))
    beaten = 0

    def beat() -> None:
        nonlocal beaten
        beats[min(beaten, len(beats) - 1)] = time.perf_counter()
        beaten += 1

    heart = QTimer()
    heart.timeout.connect(beat)
    memory: list[float] = []
    spent: list[float] = []
    process = psutil.Process()

    def processor() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    def begin() -> None:
        analyses.clear()
        shown.clear()
        heart.start(1)
        memory.append(process.memory_info().rss / 2**20)
        spent.append(processor())
        QTimer.singleShot(int(_SECONDS * 1000), end)

    def end() -> None:
        memory.append(process.memory_info().rss / 2**20)
        spent.append(processor())
        window.close()

    QTimer.singleShot(_WARM_UP_MS, begin)
    application.exec()
    gaps = np.diff(beats[: min(beaten, len(beats))]) * 1000
    share = (spent[1] - spent[0]) / _SECONDS / (os.cpu_count() or 1)
    print(
        f"  {len(window.live.people.history.tracks)} people, smoothed and in the timeline\n"
        f"  shown {len(shown) / _SECONDS:5.1f}, analysed {len(analyses) / _SECONDS:5.1f} a second, "
        f"each {np.median(analyses):.1f} ms; {share:.0%} of the processor\n"
        f"  GUI thread held at most {gaps.max():.1f} ms (aim: 20), 99.9 % of the time below "
        f"{np.percentile(gaps, 99.9):.1f} (aim: 8)\n"
        f"  memory {memory[1]:.0f} MB (aim: 350), {memory[1] - memory[0]:+.1f} in {_SECONDS:.0f} s"
    )
    if recording is not None:
        about = read_about(recording)
        size = sum(file.stat().st_size for file in recording.iterdir()) / 1e6
        print(
            f"  {size:.1f} MB recorded; {about.frames_dropped} frames missing, "
            f"{about.pictures_dropped} in the video"
        )


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
                f"start: window visible               {float(times['window']):6.2f} s  (aim: 1.0)"
            )
            print(
                f"start: first analysis               {float(times['analysis']):6.2f} s  (aim: 2.0)"
            )


if __name__ == "__main__":
    _window(*map(Path, sys.argv[1:]))
