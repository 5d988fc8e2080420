"""ResEmoteNet: the network, its weights files, and how it is asked."""
