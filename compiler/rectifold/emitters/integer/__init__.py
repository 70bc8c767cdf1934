"""A network as C in integers alone, for chips without floating point."""
