"""One emitter per format, one table: a network becomes files with a stated rounding bound."""
