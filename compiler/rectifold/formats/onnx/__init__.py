"""ONNX files: what each operator means is declared in `operators`; `reader` follows the graph."""
