"""The only package that asks Z3, in a worker process that can be ended."""
