"""Splits a question by cutting the input box, for few inputs or for two networks."""
