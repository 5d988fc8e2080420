"""Values as the text of cells, and back. A row is always one line; see docs/recordings.md."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from ml.recording.columns import Column

Value = float | int | str | None

_LONGEST: Final = 1000
"""Characters of a name or note; the rest is cut off."""
_NOT_ON_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters and line breaks, and halves of characters, which UTF-8 lacks."""
_FORMULA: Final = ("=", "+", "-", "@")
"""What spreadsheets take for the beginning of a formula."""


def one_line(text: str) -> str:
    """What a recording keeps of a name or note: spaces for line breaks and control characters."""
    return _NOT_ON_A_LINE.sub(" ", text[:_LONGEST]).strip()


def to_cell(column: Column, value: Value) -> str:
    """Empty for None, and for numbers that are not finite."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = one_line(value)
        return "'" + text if text.startswith((*_FORMULA, "'")) else text
    return f"{value:z.{column.decimals}f}" if math.isfinite(value) else ""


def from_cell(column: Column, cell: str) -> Value:
    """Raises ValueError for anything else than ``to_cell`` gives."""
    if column.decimals is None:
        return cell.removeprefix("'")
    if not cell:
        return None
    if column.decimals == 0:
        return int(cell)
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is not finite")
    return value


def to_utc(seconds: float) -> str:
    """``seconds`` since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_utc(text: str) -> float:
    """Seconds since 1970. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.timestamp()
