"""The live tab: faces in a camera or another source, and their expressions."""
