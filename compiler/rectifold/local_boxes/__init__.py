"""Many small boxes, one around each sample: what a network is on each of them, in batches."""
