"""Exact two-layer forms of functions of three inputs: sheets, chains, corners, merging."""
