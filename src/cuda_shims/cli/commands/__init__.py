"""A module for each command: its ``run`` takes the parsed options and the output, and returns the exit code."""
