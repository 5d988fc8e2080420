"""Tool tips with text from files."""

from __future__ import annotations

from html import escape


def tool_tip(text: str) -> str:
    """``text`` as it is, with long lines broken: Qt takes what looks like markup for markup."""
    lines = escape(text).replace("\n", "<br>")
    return f"<span>{lines}</span>" if text else ""
