from __future__ import annotations

from pathlib import Path, PurePath

from hypothesis import given
from hypothesis import strategies as st

from ml.batch.items import Item, Kind
from ml.batch.messages import (
    Done,
    Failed,
    Job,
    Message,
    Progress,
    job_from_line,
    job_to_line,
    message_from_line,
    message_to_line,
)
from ml.batch.options import KEPT, BatchOptions

_COUNTS = st.integers(0, 2**53)
_SECONDS = st.floats(0, 1e7)
_TEXTS = st.dictionaries(st.text(), st.text())
_MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Progress, _SECONDS, st.none() | _SECONDS, _COUNTS, _COUNTS),
    st.builds(Done, _SECONDS, _COUNTS, _COUNTS, _COUNTS, st.booleans(), _COUNTS, _TEXTS),
    st.builds(Failed, st.text(), _TEXTS),
)
# Also of undecodable bytes, which Linux allows in names.
_NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in (".", "..")
) | st.just("\udcff.mp4")


@given(_MESSAGES)
def test_messages_come_back_as_they_were(message: Message) -> None:
    line = message_to_line(message)
    assert "\n" not in line
    assert message_from_line(line) == message


@given(st.binary() | st.text())
def test_anything_else_is_no_message(line: bytes | str) -> None:
    assert message_from_line(line) is None


@given(
    st.lists(_NAMES, min_size=1),
    st.sampled_from(Kind),
    st.builds(BatchOptions, interval=_SECONDS, video=st.sampled_from(KEPT), weights=st.text()),
)
def test_jobs_come_back_as_they_were(names: list[str], kind: Kind, options: BatchOptions) -> None:
    item = Item(kind, tuple(Path("/in") / name for name in names), PurePath("in") / names[0])
    job = Job(item, Path("/out"), options)
    line = job_to_line(job)
    assert line.isascii()
    assert "\n" not in line
    assert job_from_line(line) == job
