"""The regions of the input space on which a network is affine: listed, counted, compared."""
