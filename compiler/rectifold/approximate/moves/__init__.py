"""One kind of approximate edit per module, and the table that lists them."""
