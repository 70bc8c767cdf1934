"""Models as people have them go in, and come back as themselves."""
