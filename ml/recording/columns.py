"""The columns of a recording's tables; docs/recordings.md shows the same to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ml.expressions import LABELS
from ml.vision.analysis import Fault

FACES_FILE: Final = "faces.csv"
MARKERS_FILE: Final = "markers.csv"
LANDMARKS: Final = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""In the order of ``Face.landmarks``."""
FAULTS: Final = {fault.name.lower(): fault for fault in Fault}


@dataclass(frozen=True)
class Column:
    """One measure. A cell is empty where there is none."""

    name: str
    unit: str
    """Empty for text."""
    decimals: int | None
    """Written after the point, 0 for whole numbers; None for text."""
    meaning: str


FACES: Final = (
    Column("time", "s", 4, "since the first frame of the recording"),
    Column("time_utc", "", None, "when the frame was captured, in UTC, to the millisecond"),
    Column("frame", "count", 0, "number of the frame in the source; frames may be missing"),
    Column("person", "id", 0, "track id; empty in the row of a frame without faces"),
    Column("name", "", None, "of the person, if the user gave one"),
    Column("x", "px", 1, "left edge of the box, in the frame"),
    Column("y", "px", 1, "upper edge of the box, in the frame"),
    Column("width", "px", 1, "of the box"),
    Column("height", "px", 1, "of the box"),
    *(
        Column(f"{landmark}_{axis}", "px", 1, f"{landmark.replace('_', ' ')}, as seen in the frame")
        for landmark in LANDMARKS
        for axis in "xy"
    ),
    Column("score", "0–1", 4, "how sure the detector is that it is a face"),
    Column("quality", "0–1", 3, "what the prediction is worth"),
    Column("fault", "", None, f"what lowers the quality most: {', '.join(FAULTS)}; empty if none"),
    *(
        Column(f"raw_{label}", "0–1", 4, "probability as the network predicted it")
        for label in LABELS
    ),
    *(Column(label, "0–1", 4, "probability as shown: corrected and smoothed") for label in LABELS),
    Column("label", "", None, "the most probable expression as shown"),
    Column("valence", "-1–1", 4, "how pleasant the expression as shown is"),
    Column(
        "predicted",
        "s",
        4,
        "time of the frame that was predicted from; before `time` while a prediction is held",
    ),
    Column("views", "count", 0, "crops that the prediction is averaged over"),
)
"""Of faces.csv: a row for each face of each analysed frame."""

OF_PICTURES: Final = (
    Column("file", "", None, "name of the picture"),
    Column("sha256", "", None, "of the file"),
    Column("turned", "°", 0, "clockwise, by which the picture was turned, as it lay on its side"),
    Column("picture_width", "px", 0, "of the picture, upright"),
    Column("picture_height", "px", 0, "of the picture, upright"),
)
"""What faces.csv has besides if it is of pictures."""

MARKERS: Final = (
    Column("time", "s", 4, "as in faces.csv"),
    Column("until", "s", 4, "end of an interval; empty for a moment"),
    Column("label", "", None, "of the user's own"),
    Column("note", "", None, "of the user's own"),
)
"""Of markers.csv: a row for each marker, in the order in which they were set."""
