"""What lists of things on disk share: a sorted table whose rows can be edited, and its actions."""
