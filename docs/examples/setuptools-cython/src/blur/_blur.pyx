# cython: language_level=3
"""The extension module: what the kernel's C++ interface offers."""

cdef extern from "kernel.h":
    int blur_values(float *values, int count, int radius) nogil
    const char *blur_error(int status)

cdef extern from "cuda_runtime_api.h":
    int CUDART_VERSION
    int cudaRuntimeGetVersion(int *version)


def versions():
    """Return the versions of CUDA's headers and of its runtime library."""
    cdef int runtime = -1
    cudaRuntimeGetVersion(&runtime)
    return CUDART_VERSION, runtime


def blur(float[::1] values, int radius):
    """Replace the values of a buffer of floats by the means of those around each."""
    cdef int status, count = <int>values.shape[0]
    if not count:
        return
    with nogil:
        status = blur_values(&values[0], count, radius)
    if status:
        raise RuntimeError(blur_error(status).decode())
