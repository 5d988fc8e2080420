"""The labels that the number keys put: the user's own, kept in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.settings import MARKER_LABELS, Settings

MOST: Final = 9
"""There is a key for each."""
_MOMENT: Final = "moment:"
_INTERVAL: Final = "interval:"


@dataclass(frozen=True)
class Label:
    text: str
    """Empty if the key has none."""
    interval: bool = False
    """Whether the first press begins an interval, and the second ends it."""


def read_labels(settings: Settings) -> list[Label]:
    """Those of the keys 1 to 9."""
    labels = [_label(text) for text in settings.get(MARKER_LABELS)[:MOST]]
    return labels + [Label("")] * (MOST - len(labels))


def _label(stored: str) -> Label:
    interval = stored.startswith(_INTERVAL)
    return Label(stored.removeprefix(_INTERVAL if interval else _MOMENT), interval)


def write_labels(settings: Settings, labels: Sequence[Label]) -> None:
    texts = [f"{_INTERVAL if label.interval else _MOMENT}{label.text}" for label in labels]
    settings.set(MARKER_LABELS, texts)
