"""What cuda-shims itself has in an environment: start-up files, shims, its RECORD."""
