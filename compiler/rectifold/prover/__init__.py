"""Decides every unit by the cheapest stage that settles it, then in rounds while any is open."""
