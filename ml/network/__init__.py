"""ResEmoteNet: the network, its weights files, and inference."""
