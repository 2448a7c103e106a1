"""The files of cuda-shims itself in an environment: start-up files, shims, its RECORD."""
