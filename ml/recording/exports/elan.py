"""ELAN's .eaf: a tier of labels for each person, tiers of markers, and of excluded times.

EAF 3.0, https://www.mpi.nl/tools/elan/EAFv3.0.xsd
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from ml.recording.corrected import Corrected
from ml.recording.exports.intervals import Interval
from ml.recording.exports.tiers import Tier, marker_text, tiers

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_MOMENT: Final = 0.1
"""Seconds that a marker of a moment takes: ELAN has no moments."""
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 allows nowhere, not even escaped."""


def content(corrected: Corrected) -> bytes:
    """Times in milliseconds since the first frame."""
    about = corrected.recording.about
    ElementTree.register_namespace("xsi", _XSI)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": about.program,
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ElementTree.SubElement(
        root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    )
    if about.video is not None:
        address = f"./{corrected.recording.folder.name}/{about.video.file}"
        ElementTree.SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            {"MEDIA_URL": address, "MIME_TYPE": "video/webm", "RELATIVE_MEDIA_URL": address},
        )
    marked = (
        Interval(m.time, m.time + _MOMENT if m.until is None else m.until, marker_text(m))
        for m in corrected.markers
    )
    order = ElementTree.SubElement(root, "TIME_ORDER")
    for tier in tiers(corrected, "Markers", marked):
        _add(root, order, tier)
    ElementTree.SubElement(
        root,
        "LINGUISTIC_TYPE",
        {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "default", "TIME_ALIGNABLE": "true"},
    )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_NOT_IN_XML.sub("�", text)}'.encode()


def _add(root: ElementTree.Element, order: ElementTree.Element, tier: Tier) -> None:
    """Annotations last for a millisecond at least; what is before the first frame is left out."""
    element = ElementTree.SubElement(
        root, "TIER", {"LINGUISTIC_TYPE_REF": "default", "TIER_ID": tier.name}
    )
    free = 0
    for interval in tier.intervals:
        if interval.end < 0:
            continue
        begin = max(round(interval.start * 1000), free)
        free = max(round(interval.end * 1000), begin + 1)
        first, second = _slot(order, begin), _slot(order, free)
        annotation = ElementTree.SubElement(element, "ANNOTATION")
        aligned = ElementTree.SubElement(
            annotation,
            "ALIGNABLE_ANNOTATION",
            # Each has two slots of its own, so that the number of the first is its own, too.
            {"ANNOTATION_ID": f"a{first[2:]}", "TIME_SLOT_REF1": first, "TIME_SLOT_REF2": second},
        )
        ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = interval.text


def _slot(order: ElementTree.Element, milliseconds: int) -> str:
    name = f"ts{len(order) + 1}"
    ElementTree.SubElement(
        order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(milliseconds)}
    )
    return name
