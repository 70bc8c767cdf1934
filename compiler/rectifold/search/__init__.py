"""Looks for witnesses and splits questions into cases; only rigorous bounds are answers."""
