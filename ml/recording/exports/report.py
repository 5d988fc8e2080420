"""A report of one page: who was seen, when, with which expressions, and what that is worth.

HTML that needs nothing else: no scripts, no files, no addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from ml.expressions import COLOURS, EXPRESSIONS
from ml.people.history import Rows
from ml.people.summary import EPISODE, summarise
from ml.recording.cells import to_utc
from ml.recording.corrected import Corrected
from ml.recording.exports.course_picture import course_picture
from ml.recording.exports.intervals import person_name
from ml.recording.exports.tiers import excluded_person

_CAVEATS: Final = (
    "An expression is not an emotion: the labels that the network learnt are what annotators saw "
    "in a picture. For FER2013, people agree with them 65 ± 5 % of the time (Goodfellow et al. "
    "2013).",
    "The network is wrong at times, with some expressions more often than with others, and more "
    "often the lower the quality: faces that are small, dark, blurred or turned.",
    "People are told apart by where their faces were, not by who they are. One who left and came "
    "back is another person here, unless they were merged.",
    "Do not use this to judge people.",
)
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a1e26; --muted: #596273; --line: #d5dae2; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ebf0; --muted: #a0a8b7; --line: #333945;
  --page: #14161b; } }
@media print { :root { --ink: #000; --muted: #444; --line: #ccc; --page: #fff; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 1.6rem 0 .3rem; }
p { margin: .3rem 0; } .muted, figcaption { color: var(--muted); font-size: .87rem; }
table { border-collapse: collapse; margin: .5rem 0; } figure { margin: .5rem 0; }
th, td { padding: .15rem .9rem .15rem 0; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, .text td, .text th { text-align: left; }
th { font-weight: 600; color: var(--muted); } svg { width: 100%; height: auto; }
section { break-inside: avoid; } ul { padding-left: 1.2rem; margin: .3rem 0; }
.chip { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em;
  print-color-adjust: exact; }
"""


def content(corrected: Corrected) -> bytes:
    """UTF-8."""
    recording = corrected.recording
    name = recording.folder.name
    body = [
        *_head(corrected, name),
        *(part for track in corrected.tracks for part in _person(corrected, track)),
        *_intervals(corrected),
        *_lists(corrected),
        *_made(corrected),
        "<section><h2>What it is worth</h2><ul>",
        *(f"<li>{escape(caveat)}</li>" for caveat in _CAVEATS),
        "</ul></section>",
    ]
    page = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(name)}</title><style>{_STYLE}</style></head><body>",
        *body,
        "</body></html>",
    ]
    return "\n".join(page).encode(errors="replace")  # the name of a folder may be no text


def _head(corrected: Corrected, name: str) -> Iterable[str]:
    about = corrected.recording.about
    began = to_utc(about.began)[:16].replace("T", " ") + " UTC"
    yield f"<h1>{escape(name)}</h1>"
    people = {1: "1 person"}.get(len(corrected.tracks), f"{len(corrected.tracks)} people")
    told = f"{began} · {about.source} · {_clock(corrected.end)} · {people}"
    yield f'<p class="muted">{escape(told)}</p>'
    if corrected.note:
        yield f"<p>{escape(corrected.note)}</p>"
    for problem in corrected.recording.problems:
        yield f"<p><strong>Damaged:</strong> {escape(problem)}</p>"


def _person(corrected: Corrected, track: int) -> Iterable[str]:
    rows = corrected.counted(track)
    summary = summarise(rows)
    yield f"<section><h2>{escape(person_name(corrected, track))}</h2>"
    if summary is None:
        yield '<p class="muted">All of this person is excluded.</p></section>'
        return
    yield f"<figure>{course_picture(corrected, track)}<figcaption>Probabilities over time, below "
    yield "them the most probable expression; excluded times are left out.</figcaption></figure>"
    yield f"<p>{_clock(summary.seconds)} counted{_quality(rows)}</p>"
    yield from _table(
        ("Expression", "Share of time", "Mean probability", f"Episodes of {EPISODE:g} s or more"),
        (
            (
                f'<span class="chip" style="background:{COLOURS[e]}"></span>{e.label.capitalize()}',
                f"{summary.shares[e]:.0%}",
                f"{summary.means[e]:.0%}",
                str(summary.episodes[e]),
            )
            for e in EXPRESSIONS
        ),
    )
    yield "</section>"


def _quality(rows: Rows) -> str:
    values = rows["quality"].astype(np.float64)
    known = values[~np.isnan(values)]
    return f", mean quality {known.mean():.0%}" if len(known) else ""


def _intervals(corrected: Corrected) -> Iterable[str]:
    """The share of each expression in each interval that was marked."""
    rows = []
    for marker in corrected.markers:
        if marker.until is None:
            continue
        span = f"{_clock(marker.time)}–{_clock(marker.until)}"
        text = escape(marker.label or marker.note or "Interval")
        for track in corrected.tracks:
            summary = summarise(corrected.counted_within(track, marker.time, marker.until))
            if summary is not None:
                name = escape(person_name(corrected, track))
                shares = (f"{summary.shares[e]:.0%}" for e in EXPRESSIONS)
                rows.append((f"{text}, {span}", name, _clock(summary.seconds), *shares))
    if rows:
        yield "<section><h2>Intervals: share of time</h2>"
        names = (e.label.capitalize() for e in EXPRESSIONS)
        yield from _table(("Interval", "Person", "Counted", *names), rows)
        yield "</section>"


def _lists(corrected: Corrected) -> Iterable[str]:
    if corrected.markers:
        yield "<section><h2>Markers</h2>"
        yield from _table(
            ("Time", "Label", "Note"),
            ((_span(m.time, m.until), escape(m.label), escape(m.note)) for m in corrected.markers),
            kind="text",
        )
        yield "</section>"
    if corrected.excluded:
        yield "<section><h2>Excluded times</h2>"
        yield from _table(
            ("Time", "Of"),
            (
                (
                    _span(part.start, part.end),
                    escape(excluded_person(corrected, part.person)),
                )
                for part in corrected.excluded
            ),
            kind="text",
        )
        yield "</section>"


def _made(corrected: Corrected) -> Iterable[str]:
    about = corrected.recording.about
    yield "<section><h2>How it was made</h2>"
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    settings = ", ".join(f"{name} {value}" for name, value in _flat(about.settings))
    facts = (
        ("Program", f"{about.program} {about.version}"),
        ("Weights", about.weights),
        ("SHA-256 of the weights", about.weights_sha256),
        ("Trained on", about.trained_on),
        ("Device", f"{about.device}, {about.engine}"),
        ("Settings at the beginning", settings),
        ("Frames not recorded", str(about.frames_dropped)),
        ("Ended", about.ended or "the program was killed, or still records"),
        ("Versions", versions),
    )
    yield from _table((), ((escape(name), escape(value)) for name, value in facts), kind="text")
    yield "</section>"


def _flat(settings: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Those of a group, such as of the detection, after its name."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", str(one)) for inner, one in value.items())
        else:
            yield name, str(value)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> Iterable[str]:
    """``rows`` are HTML, ``names`` text."""
    yield f'<table class="{kind}">'
    if names:
        yield "<tr>" + "".join(f"<th>{escape(name)}</th>" for name in names) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
    yield "</table>"


def _span(start: float, end: float | None) -> str:
    return _clock(start) if end is None else f"{_clock(start)}–{_clock(end)}"


def _clock(seconds: float) -> str:
    """As 0:00.0, with hours where there are any."""
    minutes, rest = divmod(round(max(seconds, 0.0), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
