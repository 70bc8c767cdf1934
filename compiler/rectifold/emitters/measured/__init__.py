"""What emitted code takes: its costs, and how long it runs here and on small devices."""
