"""The command line: read, one library call, report, exit status."""
