"""Writes recordings in the forms of other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ml.files import replacing
from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES_FILE, MARKERS_FILE
from ml.recording.corrected import Corrected
from ml.recording.corrections import CORRECTIONS_FILE
from ml.recording.errors import RecordingError
from ml.recording.exports import (
    elan,
    excel_csv,
    fex,
    parquet,
    report,
    textgrid,
    tidy_csv,
)

_CONTENTS: Final[Mapping[str, Callable[[Corrected], bytes]]] = {
    "csv": tidy_csv.content,
    "excel": excel_csv.content,
    "parquet": parquet.content,
    "fex": fex.content,
    "elan": elan.content,
    "textgrid": textgrid.content,
    "report": report.content,
}
"""For each of KINDS."""
_OWN: Final = {ABOUT_FILE, FACES_FILE, MARKERS_FILE, CORRECTIONS_FILE}
"""Names of files in a recording's folder."""


def export(corrected: Corrected, kind: str, path: Path) -> None:
    """Write ``path``, which is replaced if there is one. ``kind`` is one of KINDS.

    Raises RecordingError.
    """
    video = corrected.recording.about.video
    own = _OWN if video is None else {*_OWN, video.file.casefold()}
    # Some systems do not tell cases apart.
    if path.name.casefold() in own and path.parent.joinpath(ABOUT_FILE).is_file():
        raise RecordingError(f"{path} is a recording's own. Choose another name.")
    content = _CONTENTS[kind](corrected)
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be written: {error.strerror or error}. Choose another folder."
        ) from error
