"""What runs beneath everything: files, arrays from files, worker processes, clocks."""
