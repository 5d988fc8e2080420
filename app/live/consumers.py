"""All consumers of the analyses: a file each, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.live.consumer_base import Consumer, Live
from app.live.explanation import Explanation
from app.live.markers.marker_bar import MarkerBar
from app.live.recording.recording import Recording
from app.live.snapshot import Snapshot
from app.live.timeline.timeline import Timeline
from app.live.views.chips import Chips
from app.live.views.face_panel import FacePanel
from app.live.views.picture import Picture
from app.live.views.summary_panel import SummaryPanel

CONSUMERS: Final[list[Callable[[Live], Consumer]]] = [
    Picture,
    FacePanel,
    SummaryPanel,
    Chips,
    MarkerBar,
    Timeline,
    Explanation,
    Recording,
    Snapshot,
]
