"""One stage per file, in the order of `table.STAGES`: each settles units that are still open."""
