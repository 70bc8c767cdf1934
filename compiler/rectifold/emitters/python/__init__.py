"""A network as a standalone Python module: straight lines if it is small, else loops."""
