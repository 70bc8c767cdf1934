"""Writes down why two networks agree, as steps that the independent checker replays."""
