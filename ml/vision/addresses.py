"""Addresses of network streams."""

from __future__ import annotations

import re
from typing import Final

_CREDENTIALS: Final = re.compile(r"//[^/\s]*@")


def without_credentials(address: str) -> str:
    """``address`` without user name and password, to be shown and recorded."""
    return _CREDENTIALS.sub("//", address)
