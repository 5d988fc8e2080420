from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6 import QtGui

from app.tool_tip import tool_tip


@given(st.text("<>&'\"/= aÜ你imgsrc", min_size=1).map(lambda text: " ".join(text.split())))
def test_a_tool_tip_shows_the_text_itself(qapp: object, text: str) -> None:
    tip = tool_tip(text)
    shown = QtGui.QTextDocument()
    if QtGui.Qt.mightBeRichText(tip):  # as Qt decides
        shown.setHtml(tip)
    else:
        shown.setPlainText(tip)
    assert shown.toPlainText() == text


def test_lines_stay_lines(qapp: object) -> None:
    shown = QtGui.QTextDocument()
    shown.setHtml(tool_tip("one <b>\ntwo"))
    assert shown.toPlainText() == "one <b>\ntwo"
