"""What operations of PyTorch are in ONNX: one table, and the functions of its rows by subject."""
