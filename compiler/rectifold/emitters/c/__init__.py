"""A network as C99: a source and a header, or one file; nothing is allocated, nothing changes.

    names         what the functions may be called             net.c -> net_evaluate
    numbers       floats and tables as text                    0.1f -> 0x1.99999ap-4f
    arrays        the tables of all layers, by name            W1_0_values, B1_values
    slots         where activations lie, by who reads them     real s[100]
    kernels       a layer as calls:  begin, add, relu          dense(W1_0_values, x, 5, 50, a);
    guards, check, constraints, tail, self_test, declarations, side, code

The seam for another way to compute or to store:

    kernels.layer_code     one block per layer: `a` are its sums, begun with the biases
    kernels.edge_code      adds one storage (emitters/storage) times `before` to `a`: dense rows
                           by the function `dense`, other forms by the text of stored.product_code
    kernels.DENSE          the definition of `dense(w, v, m, n, a)`; another body of the same
                           promise goes beside it, chosen by the preprocessor
    arrays.Table           what is defined; in the source, or at an offset of a side file

Sound because every form adds the terms of a unit in the order of its inputs, bias first, with no
contraction: the bits of the plain sum, but for the sign of a zero.
"""
