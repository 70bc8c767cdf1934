"""Four inputs: an exact network with two hidden layers for any depth."""
