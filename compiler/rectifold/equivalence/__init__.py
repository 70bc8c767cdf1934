"""Are two networks the same function, within a tolerance, or in argmax: proof or exact point."""
