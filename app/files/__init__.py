"""The Files tab: a queue of files and folders, and the faces found in them."""
