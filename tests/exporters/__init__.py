"""Models that real exporters make, and what must come of each."""
