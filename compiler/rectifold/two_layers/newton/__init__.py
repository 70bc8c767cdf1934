"""Integer vectors of any length."""
