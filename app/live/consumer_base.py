"""The interface of a consumer of analyses, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QBoxLayout

from app.live.choice import FaceChoice
from app.live.session import LiveSession
from app.live.views.video_view import VideoView


@dataclass(frozen=True)
class Live:
    """What the live tab offers its consumers."""

    session: LiveSession
    """Subscribe to its ``stream``."""
    choice: FaceChoice
    view: VideoView
    side: QBoxLayout
    """Space beside the picture, from top to bottom."""
    below: QBoxLayout
    """Space below the picture."""


class Consumer:
    """Follows the analyses. Its constructor subscribes, and adds widgets to the tab if it has any.

    A slow consumer lives in a thread of its own, or owns one, and ends it in ``shut_down``.
    """

    def shut_down(self) -> bool:
        """Called when the window closes; returns whether threads and processes ended in time."""
        return True

    def refresh_theme(self) -> None:
        """Called when the system switches between light and dark."""
