"""Everything that sees and learns, without Qt. Usable alone: ``python -m ml``."""
