"""A video becomes a recording."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ml.batch.frames import analysed
from ml.batch.messages import Job
from ml.batch.networks import Networks
from ml.batch.result_writer import ResultWriter, Tell
from ml.recording.about import About
from ml.vision.sources import open_file
from ml.vision.sources.turned import TurnedSource
from ml.vision.turn import turn_of_video


def record_video(
    job: Job, networks: Networks, about: About, folder: Path, tell: Tell
) -> ResultWriter:
    """Into ``folder``. Raises SourceError, RecordingError, and what ``tell`` raises."""
    path = job.item.files[0]
    turn = turn_of_video(path, networks.detector)
    about = replace(about, turned=int(turn))
    time = 0.0
    with (
        TurnedSource(open_file(path, job.options.interval), turn) as source,
        ResultWriter(job, about, folder, tell) as writer,
        closing(analysed(networks, source)) as frames,
    ):
        for frame, faces in frames:
            time = frame.time
            writer.add(frame.index, time, faces, frame.image)
            writer.tell(time, source.length)
        if source.cut_off:
            writer.problems[path.name] = (
                f"{path.name} ends after {time:.1f} of {source.length or 0:.1f} s: it is damaged "
                "or incomplete."
            )
        elif source.spoilt:
            writer.problems[path.name] = (
                f"{path.name} is damaged: {source.spoilt} of its frames cannot be decoded."
            )
    return writer
