"""Opening a recording of an hour of three people at 30 frames a second, and listing many."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from ml.recording.columns import FACES_FILE
from ml.recording.corrected import Corrected
from ml.recording.corrections import Corrections, Excluded
from ml.recording.found import find_recordings
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.benchmarks.timing import milliseconds
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN, record

_PEOPLE, _RATE, _MINUTES, _LISTED = 3, 30, 60, 1000
_CORRECTIONS: Final = Corrections(merged={3: 1}, excluded=(Excluded(60, 120),))


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "hour"
        _record_an_hour(folder)
        megabytes = (folder / FACES_FILE).stat().st_size / 1e6
        recording = read_recording(folder)
        print(f"an hour of three people: {len(recording.faces):,} rows, {megabytes:.0f} MB")
        reading = milliseconds(lambda: read_recording(folder))
        correcting = milliseconds(lambda: Corrected(recording, _CORRECTIONS))
        print(f"  read {reading:.0f} ms, corrected {correcting:.0f} ms (aim: 2,000 together)")

        lines = (folder / FACES_FILE).read_bytes().split(b"\n")
        lines[len(lines) // 2] = b"\0" * 4096
        (folder / FACES_FILE).write_bytes(b"\n".join(lines))
        print(
            f"  damaged in the middle: read {milliseconds(lambda: read_recording(folder)):.0f} ms"
        )

    with tempfile.TemporaryDirectory() as place:
        one = record(Path(place) / "0")
        for n in range(1, _LISTED):
            shutil.copytree(one, Path(place) / str(n))
        listing = milliseconds(lambda: list(find_recordings(Path(place))))
        print(f"  {_LISTED:,} recordings listed: {listing:.0f} ms")


def _record_an_hour(folder: Path) -> None:
    """A minute that is repeated, for writing all of it takes longer than reading it."""
    writer = RecordingWriter(folder, ABOUT)
    for n in range(_RATE * 60):
        time = n / _RATE
        faces = [
            replace(person(track, x=100.5 * track, quality=worth(0.8)), answered=time)
            for track in range(1, _PEOPLE + 1)
        ]
        writer.add(n, time, BEGAN + time, faces, {1: "Anna"})
    writer.close("stopped", 0)
    header, *rows = (folder / FACES_FILE).read_text(encoding="utf-8").splitlines()
    cells = [row.split(",", 3) for row in rows]
    with (folder / FACES_FILE).open("w", encoding="utf-8", newline="\n") as file:
        print(header, file=file)
        for minute in range(_MINUTES):
            for time, moment, frame, rest in cells:
                now, index = float(time) + 60 * minute, int(frame) + 60 * _RATE * minute
                print(f"{now:.4f},{moment},{index},{rest}", file=file)
