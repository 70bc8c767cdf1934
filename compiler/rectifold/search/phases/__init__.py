"""Splits a question by the phases of unstable units (branch and bound)."""
