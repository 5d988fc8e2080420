"""Analysing video files: as a process does it, one and two of them, beside a plain loop."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
from skimage.data import astronaut

from ml.batch import workers
from ml.batch.finding import find
from ml.batch.messages import Failed, Job
from ml.batch.options import BatchOptions
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.sources import open_source

_CLIPS = 4
_FRAMES = 300
_AIM = 2.5


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "clips"
        folder.mkdir()
        for n in range(_CLIPS):
            _write_clip(folder / f"{n}.mp4", n)
        exact = _plain(folder / "0.mp4", exact=True)
        print(f"plain loop, as predict has it:  {exact:5.1f} frames/s")
        fast = _plain(folder / "0.mp4", exact=False)
        print(f"the same in bfloat16 if there:  {fast:5.1f} frames/s, {fast / exact:.2f} times")
        for count in (1, 2):
            rate, memory = _processes(folder, Path(name) / f"by {count}", count)
            print(
                f"analyze with --workers {count}:       {rate:5.1f} frames/s, "
                f"{rate / exact:.2f} times; aim {_AIM}; {memory} MB"
            )


def _write_clip(path: Path, n: int) -> None:
    """640×480, a face that moves; each clip begins elsewhere."""
    face = cv2.resize(np.ascontiguousarray(astronaut()[0:300, 60:360, ::-1]), (320, 320))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for k in range(_FRAMES):
            image = np.full((480, 640, 3), 90, np.uint8)
            x, y = (round(160 + 150 * np.sin(k / 30 + n)), round(80 + 70 * np.cos(k / 40)))
            image[y : y + 320, x : x + 320] = face
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode())


def _plain(path: Path, *, exact: bool) -> float:
    """Frames a second, one after the other."""
    analyzer = FaceAnalyzer.load(device="cpu", views=3, exact=exact)
    for _ in range(2):  # the first time is not counted
        start, frames = time.perf_counter(), 0
        analyzer.restart()
        with open_source(str(path)) as source:
            for frame in source:
                analyzer.analyze(frame)
                frames += 1
    return frames / (time.perf_counter() - start)


def _processes(folder: Path, out: Path, count: int) -> tuple[float, int]:
    """Frames a second from the first that was told on, and the most memory of all of them."""
    jobs = [Job(item, out, BatchOptions(device="cpu")) for item in find([folder]).items]
    memory = 0
    begun: tuple[float, int] | None = None
    done: dict[Path, int] = {}
    with closing(workers.run(jobs, count)) as said:
        for job, message in said:
            if not isinstance(message, Failed):
                done[job.folder] = message.frames
            if begun is None and len(done) == count:
                begun = time.perf_counter(), sum(done.values())
            children = psutil.Process().children()
            memory = max(memory, sum(child.memory_info().rss for child in children) >> 20)
    assert begun is not None
    return (sum(done.values()) - begun[1]) / (time.perf_counter() - begun[0]), memory
