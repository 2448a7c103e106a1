"""Planning, staging and writing of all our files. Knows nothing about CUDA."""
