"""Exports, read by readers of their own."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml.cli import main
from ml.expressions import COLOURS, Expression
from ml.recording.cells import one_line
from ml.recording.corrected import Corrected
from ml.recording.corrections import Corrections, Excluded, write_corrections
from ml.recording.errors import RecordingError
from ml.recording.exports import elan, excel_csv, fex, parquet, report, textgrid, tidy_csv
from ml.recording.exports.course_picture import course_picture
from ml.recording.exports.excel_csv import Separators
from ml.recording.exports.export import export
from ml.recording.exports.kinds import KINDS
from ml.recording.marker import Marker
from ml.recording.recording import Recording, read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN, record

CORRECTIONS = Corrections(
    names={1: 'Zoë "Z", the 1st', 2: "=SUM(A1)"},
    excluded=(Excluded(0.35, 0.55, 2), Excluded(0.75, 0.85)),
    markers=(Marker(0.1, None, "start", "<b>&"), Marker(0.2, 0.5, "task", "")),
    note="Pilot",
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A second of two people, 10 frames a second, who change their expressions."""
    folder = tmp_path_factory.mktemp("recordings") / "trial"
    writer = RecordingWriter(folder, ABOUT, "plain")
    for n in range(10):
        time = 5 + n / 10
        first = Expression.HAPPY if n < 4 else Expression.SAD
        faces = [
            replace(person(1, first, x=10.0, quality=worth(0.8)), answered=time),
            replace(person(2, Expression.NEUTRAL, x=90.0), answered=time),
        ]
        picture = np.full((48, 64, 3), 20 * n, np.uint8)
        writer.add(n, time, BEGAN + n / 10, faces if n < 9 else [], {}, picture)
    writer.close("stopped")
    return read_recording(folder)


@pytest.fixture(scope="module")
def corrected(recording: Recording) -> Corrected:
    return Corrected(recording, CORRECTIONS)


def test_tidy_csv_is_read_by_pandas_without_being_told_anything(corrected: Corrected) -> None:
    table = pd.read_csv(io.BytesIO(tidy_csv.content(corrected)))
    faces = corrected.recording.faces
    assert len(table) == len(faces) == 19
    assert np.allclose(table["time"], faces.time)
    assert table["person"].isna().sum() == 1, "the frame without faces"
    assert np.allclose(table["happy"].dropna(), faces.probabilities[:18, 3], atol=1e-4)
    assert set(table["name"].dropna()) == {'Zoë "Z", the 1st', "=SUM(A1)"}
    assert table["excluded"].dtype == bool
    assert (table["excluded"] == ~corrected.kept).all()
    assert pd.to_datetime(table["time_utc"])[0].timestamp() == pytest.approx(BEGAN)


def test_parquet_has_types_and_tells_where_it_comes_from(corrected: Corrected) -> None:
    file = pq.ParquetFile(io.BytesIO(parquet.content(corrected)))
    frame = file.read().to_pandas()
    csv_frame = pd.read_csv(io.BytesIO(tidy_csv.content(corrected)))
    assert list(frame.columns) == list(csv_frame.columns)
    assert np.allclose(frame["valence"].dropna(), csv_frame["valence"].dropna())
    assert str(frame["time_utc"].dtype) == "datetime64[ms, UTC]"
    about = json.loads(file.schema_arrow.metadata[b"recording"])
    assert about["weights"] == ABOUT.weights


@pytest.mark.parametrize(
    "separators", [Separators(",", "."), Separators(";", ","), Separators(";", ".")]
)
def test_excel_csv_has_numbers_as_that_computers_settings_write_them(
    corrected: Corrected, separators: Separators
) -> None:
    """With a point and a semicolon, too: those of Switzerland."""
    content = excel_csv.content(corrected, separators)
    assert content.startswith(codecs.BOM_UTF8)
    text = content.decode("utf-8-sig")
    table = pd.read_csv(io.StringIO(text), sep=separators.cells, decimal=separators.decimals)
    faces = corrected.recording.faces
    assert list(table.columns) == list(pd.read_csv(io.BytesIO(tidy_csv.content(corrected))))
    assert np.allclose(table["time"], faces.time)
    assert np.allclose(table["raw_sad"].dropna(), faces.raw[:18, 4], atol=1e-4)
    assert table["time_utc"][0].startswith("2025-11-28 03:20:00" + separators.decimals + "250")
    assert table["person"].dropna().tolist() == corrected.person[:18].tolist()
    assert (table["excluded"] == ~corrected.kept).all()


@given(name=st.text("=+-@'\"; ,.1a", min_size=1, max_size=6).map(one_line).filter(bool))
@settings(max_examples=25, deadline=None)
def test_excel_takes_no_name_for_a_formula(corrected: Corrected, name: str) -> None:
    other = Corrected(corrected.recording, Corrections(names={1: name}))
    text = excel_csv.content(other, Separators(";", ",")).decode("utf-8-sig")
    cell = next(csv.DictReader(io.StringIO(text), delimiter=";"))["name"]
    assert cell == ("'" + name if name[0] in "=+-@'" else name)


def test_excel_csv_of_more_than_a_sheet_is_refused(
    corrected: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel_csv, "_MOST_ROWS", 18)
    with pytest.raises(RecordingError, match="Excel shows 18 rows, and this recording has 19"):
        excel_csv.content(corrected)


def test_fex_has_py_feats_columns_in_their_order(corrected: Corrected) -> None:
    """Those that py-feat.org shows of a saved file, without Identity_1 to Identity_512.

    https://py-feat.org, Detecting facial expressions from images; approx_time is only of videos.
    """
    table = pd.read_csv(io.BytesIO(fex.content(corrected)))
    aus = "AU01 AU02 AU04 AU05 AU06 AU07 AU09 AU10 AU11 AU12 AU14 AU15 AU17 AU20 AU23 AU24 AU25"
    assert list(table.columns) == [
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"),
        *(f"x_{n}" for n in range(68)),
        *(f"y_{n}" for n in range(68)),
        *("Pitch", "Roll", "Yaw", "X", "Y", "Z"),
        *(*aus.split(), "AU26", "AU28", "AU43"),
        *("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
        *("gaze_pitch", "gaze_yaw", "gaze_angle", "FrameHeight", "FrameWidth"),
        *("input", "frame", "approx_time", "Identity"),
    ]
    kept = corrected.kept
    assert len(table) == kept.sum() < 19
    faces = corrected.recording.faces
    assert np.allclose(table["happiness"].dropna(), faces.probabilities[kept][:-1, 3], atol=1e-4)
    assert np.allclose(table["sadness"].dropna(), faces.probabilities[kept][:-1, 4], atol=1e-4)
    assert np.allclose(table["x_30"].dropna(), faces.landmarks[kept][:-1, 2, 0], atol=0.05)
    assert table["AU12"].isna().all(), "nobody measured it"
    assert table["frame"].max() == 9
    assert set(table["input"]) == {"video.webm"}
    assert set(table["Identity"].dropna()) == {'Zoë "Z", the 1st', "=SUM(A1)"}
    assert table["Identity"].isna().sum() == 1, "the frame without faces"


def test_fex_counts_the_sources_frames_where_there_is_no_video(recording: Recording) -> None:
    faces = replace(recording.faces, frame=recording.faces.frame * 3)
    about = replace(recording.about, video=None)
    other = Corrected(replace(recording, about=about, faces=faces), Corrections(names={1: "Anna"}))
    table = pd.read_csv(io.BytesIO(fex.content(other)))
    assert set(table["input"]) == {ABOUT.source}
    assert table["frame"].tolist() == faces.frame.tolist()
    assert set(table["Identity"].dropna()) == {"Anna", "Person_2"}


def _tiers(content: bytes) -> dict[str, list[tuple[int, int, str]]]:
    """Of an .eaf: begin and end in milliseconds, and the text."""
    root = ElementTree.fromstring(content)
    times = {
        slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"])
        for slot in root.iter("TIME_SLOT")
    }
    return {
        tier.attrib["TIER_ID"]: [
            (
                times[a.attrib["TIME_SLOT_REF1"]],
                times[a.attrib["TIME_SLOT_REF2"]],
                a.findtext("ANNOTATION_VALUE") or "",
            )
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }


def test_elan_has_a_tier_for_each_person(corrected: Corrected) -> None:
    content = elan.content(corrected)
    tiers = _tiers(content)
    assert tiers == {
        'Zoë "Z", the 1st': [(0, 400, "happy"), (400, 800, "sad")],
        "=SUM(A1)": [(0, 400, "neutral"), (600, 800, "neutral")],
        "Markers": [(100, 200, "start: <b>&"), (200, 500, "task")],
        "Excluded": [(350, 550, "=SUM(A1)"), (750, 850, "everybody")],
    }
    (media,) = ElementTree.fromstring(content).iter("MEDIA_DESCRIPTOR")
    assert media.attrib["RELATIVE_MEDIA_URL"] == "./trial/video.webm"
    order = [child.tag for child in ElementTree.fromstring(content)]
    assert order == ["HEADER", "TIME_ORDER", *["TIER"] * 4, "LINGUISTIC_TYPE"], "as the schema has"


def test_elan_puts_markers_that_overlap_into_tiers_of_their_own(recording: Recording) -> None:
    markers = (
        Marker(-2, -1, "before"),
        Marker(-1, 0.0, "until the beginning"),
        Marker(0.1, 0.9, "task"),
        Marker(0.2, None, "in it"),
        Marker(0.25, None, "just after"),
        Marker(0.9, None, "next"),
    )
    tiers = _tiers(elan.content(Corrected(recording, Corrections(markers=markers))))
    assert tiers["Markers"] == [
        (0, 1, "until the beginning"),
        (100, 900, "task"),
        (900, 1000, "next"),
    ]
    assert tiers["Markers (2)"] == [(200, 300, "in it")]
    assert tiers["Markers (3)"] == [(250, 350, "just after")]


def _grid(content: bytes) -> dict[str, list[tuple[float, float, str]]]:
    """The interval tiers of a TextGrid."""
    text = content.decode()
    tiers = {}
    for item in re.split(r"item \[\d+\]:", text)[1:]:
        if '"IntervalTier"' not in item:
            continue
        name = re.search(r'name = "((?:[^"]|"")*)"', item)
        assert name is not None
        parts = re.findall(r'xmin = (\S+)\s+xmax = (\S+)\s+text = "((?:[^"]|"")*)"', item)
        tiers[name[1].replace('""', '"')] = [
            (float(a), float(b), t.replace('""', '"')) for a, b, t in parts
        ]
    return tiers


def test_textgrid_has_a_point_for_each_marker_of_its_time(recording: Recording) -> None:
    markers = (
        Marker(-2, None, "before"),
        Marker(-1, 0.5, "begun before"),
        Marker(0.3, None, "in it"),
        Marker(0.3, None, "too", 'so "to" say'),
        Marker(50, None, "after"),
    )
    content = textgrid.content(Corrected(recording, Corrections(markers=markers)))
    points = re.findall(r'number = (\S+)\s+mark = "((?:[^"]|"")*)"', content.decode())
    assert points == [("0.3000", 'in it; too: so ""to"" say')]
    assert _grid(content)["Marked intervals"] == [(0, 0.5, "begun before"), (0.5, 1, "")]


def test_textgrid_has_tiers_without_gaps(corrected: Corrected) -> None:
    tiers = _grid(textgrid.content(corrected))
    assert [text for _, _, text in tiers['Zoë "Z", the 1st']] == ["happy", "sad", ""]
    assert [text for _, _, text in tiers["=SUM(A1)"]] == ["neutral", "", "neutral", ""]
    for parts in tiers.values():
        assert parts[0][0] == 0
        assert parts[-1][1] == pytest.approx(corrected.end, abs=1e-4)
        assert all(a[1] == b[0] for a, b in pairwise(parts))


def _strip(corrected: Corrected, track: int) -> list[tuple[float, float, str]]:
    """What the picture of a course has below the curves: begin and end in seconds, and colour."""
    picture = ElementTree.fromstring(course_picture(corrected, track))
    lines = [line.attrib for line in picture.iter("line")]
    left, right = float(lines[0]["x1"]), float(lines[0]["x2"])
    scale = corrected.end / (right - left)
    boxes = [[float(r.attrib[name]) for name in ("x", "width")] for r in picture.iter("rect")]
    colours = [rect.attrib["fill"] for rect in picture.iter("rect")]
    return [
        ((x - left) * scale, (x + width - left) * scale, colour)
        for (x, width), colour in zip(boxes, colours, strict=True)
    ]


def test_the_picture_of_a_course_shows_labels_where_they_count(corrected: Corrected) -> None:
    happy, sad, neutral = (
        COLOURS[e] for e in (Expression.HAPPY, Expression.SAD, Expression.NEUTRAL)
    )
    step = pytest.approx
    assert _strip(corrected, 1) == [
        (step(0, abs=0.003), step(0.4, abs=0.003), happy),
        (step(0.4, abs=0.003), step(0.8, abs=0.003), sad),
    ]
    assert _strip(corrected, 2) == [
        (step(0, abs=0.003), step(0.4, abs=0.003), neutral),
        (step(0.6, abs=0.003), step(0.8, abs=0.003), neutral),
    ]


class _Page(HTMLParser):
    """Fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Such as a line of an SVG."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_one_whole_page(corrected: Corrected) -> None:
    page = _Page()
    page.feed(report.content(corrected).decode())
    assert page.open == []
    assert page.links == []
    for told in ('Zoë "Z", the 1st', "Pilot", "<b>&", ABOUT.weights_sha256, "not an emotion"):
        assert told in page.text
    assert "0:00.8 counted, mean quality 80%" in page.text
    assert "detection.long_side" in page.text
    # Four of the eight frames that count: 0.4 of 0.8 s.
    assert re.search(r"Happy\s*50%", page.text.replace("\n", " "))


@settings(max_examples=25, deadline=None)
@example(names={1: "\ufffe\uffff"}, notes=["\uffff"])
@given(
    names=st.dictionaries(st.integers(1, 2), st.text(max_size=20)),
    notes=st.lists(st.text(max_size=20), max_size=3),
)
def test_names_and_notes_of_any_kind(
    corrected: Corrected, names: dict[int, str], notes: list[str]
) -> None:
    """As they are kept in corrections.json, which takes control characters out."""
    clean = {track: one_line(name) for track, name in names.items()}
    markers = tuple(Marker(n / 10, None, one_line(note), "") for n, note in enumerate(notes))
    other = Corrected(corrected.recording, Corrections(names=clean, markers=markers))
    given_names = {name for name in clean.values() if name}
    no_character = str.maketrans("\ufffe\uffff", "\ufffd\ufffd")  # XML has no words for them
    for tier in (_tiers(elan.content(other)), _grid(textgrid.content(other))):
        people = " ".join(tier).translate(no_character)
        assert all(name.translate(no_character) in people for name in given_names)
    table = pd.read_csv(
        io.BytesIO(tidy_csv.content(other)), keep_default_na=False, dtype={"name": str}
    )
    assert set(table["name"]) - {""} == given_names
    page = _Page()
    page.feed(report.content(other).decode())
    assert page.open == []
    rows = list(csv.reader(io.StringIO(excel_csv.content(other).decode("utf-8-sig"))))
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("frames", [0, 1])
def test_a_recording_without_anybody_is_exported_too(tmp_path: Path, frames: int) -> None:
    empty = record(tmp_path / "empty", frames)
    nothing = Corrected(read_recording(empty), Corrections())
    for kind in KINDS:
        export(nothing, kind, tmp_path / f"{kind}")
        assert (tmp_path / kind).stat().st_size


def test_the_command_writes_beside_the_recordings_and_goes_on_after_a_bad_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = record(tmp_path / "good")
    write_corrections(good, Corrections(names={1: "Anna"}))
    (tmp_path / "bad").mkdir()
    status = main(["export", str(tmp_path / "bad"), str(good), "--to", "csv", "--to", "report"])
    assert status == 1
    told = capsys.readouterr()
    assert "bad is not a recording" in told.err
    assert told.out.split() == [str(tmp_path / "good.csv"), str(tmp_path / "good.html")]
    assert "Anna" in set(pd.read_csv(tmp_path / "good.csv")["name"].dropna())


def test_a_recordings_own_files_are_not_written_over(corrected: Corrected) -> None:
    folder = corrected.recording.folder
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for name in ("faces.csv", "FACES.csv", "../trial/markers.csv", "video.webm"):
        with pytest.raises(RecordingError, match="a recording's own"):
            export(corrected, "csv", folder / name)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    export(corrected, "csv", folder.parent / "faces.csv")  # where there is no recording


def test_the_command_replaces_an_export_only_if_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path / "trial")
    worked_on = tmp_path / "trial.eaf"
    worked_on.write_text("hours of annotations")
    command = ["export", str(folder), "--to", "elan,textgrid"]
    assert main(command) == 1
    told = capsys.readouterr()
    assert "--replace" in told.err
    assert told.out.split() == [str(tmp_path / "trial.TextGrid")], "the other form is written"
    assert worked_on.read_text() == "hours of annotations"
    assert main([*command, "--replace"]) == 0
    assert _tiers(worked_on.read_bytes()).keys() == {"Person 1", "Person 2"}


def test_a_form_that_fails_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel_csv, "_MOST_ROWS", 3)
    folder = record(tmp_path / "trial")
    assert main(["export", str(folder), "--to", "excel,parquet", "--out", str(tmp_path / "o")]) == 1
    told = capsys.readouterr()
    assert "Excel shows 3 rows" in told.err
    assert told.out.split() == [str(tmp_path / "o" / "trial.parquet")]
    with pytest.raises(SystemExit):
        main(["export", str(folder), "--to", "csv,word"])
    assert "'word' is none of csv," in capsys.readouterr().err


def test_a_report_of_hostile_facts_is_written(recording: Recording) -> None:
    """JSON can name halves of characters, and times in which no time zone had a clock yet."""
    about = replace(recording.about, source="\ud800<script>", began=-62_135_596_800.0)
    other = Corrected(replace(recording, about=about), Corrections())
    text = report.content(other).decode()
    assert "0001-01-01 00:00 UTC" in text
    assert "<script" not in text
    assert set(pd.read_csv(io.BytesIO(fex.content(other)))["input"]) == {"video.webm"}
