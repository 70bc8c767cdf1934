"""Two hidden layers for any number of inputs, where the flats on which units meet allow it."""
