"""All consumers of the analyses: a file each, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.live.consumer_base import Consumer, Live
from app.live.views.face_panel import FacePanel
from app.live.views.picture import Picture

CONSUMERS: Final[list[Callable[[Live], Consumer]]] = [
    Picture,
    FacePanel,
]
