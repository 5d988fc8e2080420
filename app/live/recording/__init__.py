"""Records what is seen: the button, and the thread that writes."""
