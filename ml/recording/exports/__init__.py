"""Recordings in the forms of other programs; docs/recordings.md says what each keeps."""
