"""Recordings, made up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ml.recording.about import About, Video
from ml.recording.writer import RecordingWriter
from ml.vision.analysis import AnalysisOptions
from tests.ml.people.faces import person, worth

BEGAN = 1_764_300_000.25
"""In seconds since 1970."""
ABOUT = About(
    began=BEGAN,
    source="Café camera",
    weights="fer2013.safetensors",
    weights_sha256="0f" * 32,
    trained_on="FER2013",
    device="cpu",
    engine="OpenVINO",
    settings=dataclasses.asdict(AnalysisOptions(interval=0.5)),
    video=Video("video.mp4", "blurred"),
)


def record(folder: Path, frames: int = 10, names: dict[int, str] | None = None) -> Path:
    """A whole recording of two people, 10 frames a second; the last frame has no faces."""
    writer = RecordingWriter(folder, ABOUT)
    for n in range(frames):
        time = 5 + n / 10
        faces = [
            dataclasses.replace(person(track, x=50.0 * track, quality=worth(0.8)), answered=time)
            for track in (1, 2)
        ]
        writer.add(n, time, BEGAN + n / 10, faces if n < frames - 1 else [], names or {})
    writer.close("stopped", frames_dropped=0)
    return folder
