"""Errors of emitted code that are seen at points, beside the bounds that are certified."""
