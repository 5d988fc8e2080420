"""Run the built program as on a computer without Python: ``smoke_test.py FOLDER``.

For Linux and macOS. It gets a home directory of its own, on Linux a display, and no other
environment variables. It has to open its window, analyse a clip with a face, record it, train for
one epoch in a child process, exit by itself, export what it recorded, and analyse the clip again
as a file.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import licences
import numpy as np
import platforms
from skimage.data import astronaut

_SECONDS: Final = 240
_CLASSES: Final = 7


def main(folder: Path) -> int:
    """Returns the exit status: 0 if everything worked."""
    with tempfile.TemporaryDirectory() as name, _display() as display:
        home = Path(name)
        clip, data, report = home / "clip.avi", home / "fer2013.csv", home / "report.json"
        _write_clip(clip)
        _write_data(data)
        environment = {"HOME": name, "QT_QPA_PLATFORM": platforms.QT_PLATFORM, **display}
        recording, exported = home / "recording", home / "recording.parquet"
        live = ["--source", str(clip), "--interval", "0", "--start"]
        live += ["--record", str(recording), "--record-video", "blurred"]
        training = ["--train", str(data), "--epochs", "1"]
        program = folder.absolute() / platforms.NAME
        command = [program, *live, *training, "--report", str(report)]
        status = _status(command, environment, home)
        export = ["--train-worker", "export", str(recording), "--to", "parquet", "--to", "report"]
        export_status = _status([program, *export], environment, home)
        analyze = ["--train-worker", "analyze", str(clip), "--out", str(home / "results")]
        analyze_status = _status([program, *analyze], environment, home)
        analysed = (home / "results" / clip.name / "faces.csv").exists()
        found = json.loads(report.read_bytes()) if report.exists() else {}
        weights = list(home.rglob("best.safetensors"))
        video = recording / "video.webm"
        filmed = video.stat().st_size if video.exists() else 0
        exports = exported.exists() and exported.with_suffix(".html").exists()
    terms = folder / licences.FILE
    faults = [
        fault
        for fault, is_so in {
            f"the exit status is {status}": status != 0,
            "it wrote no report": not found,
            f"its window was on {found.get('platform')}": found.get("platform")
            != platforms.QT_PLATFORM,
            "it analysed no frame": not found.get("frames"),
            "it found no face": not found.get("faces"),
            "it predicted no expression": not found.get("expressions"),
            f"it computed with {found.get('engines')}": found.get("engines") != ["OpenVINO"] * 2,
            f"it trained {found.get('epochs')} epochs": found.get("epochs") != 1,
            "training left no weights": not weights,
            "it recorded no video": filmed < 10_000,
            f"its exports failed with {export_status}": export_status != 0 or not exports,
            f"its analysis of a file failed with {analyze_status}": analyze_status != 0
            or not analysed,
            f"it had problems: {found.get('problems')}": bool(found.get("problems")),
            f"{licences.FILE} is missing or empty": not terms.is_file() or not terms.read_bytes(),
        }.items()
        if is_so
    ]
    print(f"{folder} reported {json.dumps(found)}")
    print("Smoke test failed: " + "; ".join(faults) if faults else "Smoke test passed.")
    return bool(faults)


def _status(command: list[str | Path], environment: dict[str, str], home: Path) -> int | None:
    """The exit status; None if it and its children had to be killed."""
    program = subprocess.Popen(
        command, env=environment, cwd=home, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return program.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        return None


@contextmanager
def _display() -> Iterator[dict[str, str]]:
    """Environment variables for a display: on Linux, a virtual one."""
    if not sys.platform.startswith("linux"):
        yield {}
        return
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise OSError("Xvfb gave no display.")
        yield {"DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait(10)


def _write_clip(path: Path) -> None:
    """Six seconds of a real face."""
    face = cv2.cvtColor(astronaut()[0:240, 60:380], cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 240))
    for step in range(90):
        writer.write(np.ascontiguousarray(np.roll(face, step, axis=1)))
    writer.release()


def _write_data(path: Path) -> None:
    """A data set in FER2013's layout: a few pictures, whose classes differ in brightness."""
    numbers = random.Random(0)

    def pixels(label: int) -> str:
        return " ".join(str(30 * label + numbers.randrange(40)) for _ in range(48 * 48))

    rows = [
        f"{label},{pixels(label)},{usage}"
        for usage, count in (("Training", 4), ("PublicTest", 1), ("PrivateTest", 1))
        for label in range(_CLASSES)
        for _ in range(count)
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
