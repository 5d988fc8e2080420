"""Shows a recording, or compares two; corrections are made here."""
