"""One rewrite per file and one table; a rewrite uses facts and never asks a solver."""
