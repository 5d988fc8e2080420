"""What a consumer of analyses is, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QBoxLayout

from app.live.choice import FaceChoice
from app.live.session import LiveSession
from app.live.video_view import VideoView


@dataclass(frozen=True)
class Live:
    """What the live tab offers to those who follow its analyses."""

    session: LiveSession
    """``session.stream`` is where to subscribe."""
    choice: FaceChoice
    view: VideoView
    side: QBoxLayout
    """Room beside the picture, from top to bottom."""
    below: QBoxLayout
    """Room below the picture."""


class Consumer:
    """Follows the analyses from its making, where it subscribes and finds room if it needs some.

    One that takes long lives in a thread of its own, or keeps one, and ends it in ``shut_down``.
    """

    def shut_down(self) -> bool:
        """The window closes; whether all threads and processes ended in time."""
        return True

    def refresh_theme(self) -> None:
        """Light became dark, or dark light."""
