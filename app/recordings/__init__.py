"""The Recordings tab: a list of them, and a viewer."""
