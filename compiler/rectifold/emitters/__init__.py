"""One emitter per format, one table: a network becomes files with a stated rounding bound.

table, artifact, header, precision      what every format has
relu, npz, onnx, javascript, rust       one file each; python, numpy, c, integer, milp: a package
weights, tail_code, self_test, ...      what several of them write
storage                                 forms of a layer's weights, the smallest is taken
observed, measured                      errors seen at points; bytes and time of the code
templates                               the texts that do not depend on the network
"""
