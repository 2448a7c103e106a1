"""Reading the log of a failed build and explaining it."""
