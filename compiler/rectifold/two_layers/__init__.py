"""Exact networks of at most two hidden layers, and gated forms, with what holds of each."""
