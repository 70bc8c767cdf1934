"""A network as a standalone NumPy module, with weights in the text or beside it."""
