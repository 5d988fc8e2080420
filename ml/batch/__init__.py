"""Files and folders analysed in one go: each video, and the pictures of each folder."""
