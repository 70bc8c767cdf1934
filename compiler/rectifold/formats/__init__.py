"""Files to networks and back; the IR knows none of the formats."""
