"""Random ONNX graphs over every operator that can be read, and the judges that say what they
compute.

    draft.py             a graph that grows node by node, each value known at a sample point
    arithmetic.py, moves.py, windows.py, matrices.py, shapes.py
                         one generator per operator, with every attribute of every opset
    graphs.py            a whole graph of a seed, and its disguise (order, dead nodes, initialisers)
    peers.py             onnxruntime and onnx.reference, and which is right where they disagree
    judge.py             read right, refused in one line, or misread

Numbers are small integers, halves and quarters: floats compute them exactly, so that comparing
needs no tolerance.
"""
