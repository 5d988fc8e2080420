"""What the user chooses: source, weights, device, options."""
