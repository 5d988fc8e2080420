"""Tool tips with text from files."""

from __future__ import annotations

from html import escape


def tool_tip(text: str) -> str:
    """``text`` as it is, with its lines broken: Qt takes what looks like markup for markup."""
    return f"<span>{escape(text)}</span>" if text else ""
