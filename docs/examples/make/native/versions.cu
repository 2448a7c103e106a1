#include <cuda_runtime.h>

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void histogram_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}

extern "C" const char *histogram_error(int status) { return cudaGetErrorString(static_cast<cudaError_t>(status)); }
