"""Decides properties: no point of a domain is unsafe, or one that is, exactly."""
