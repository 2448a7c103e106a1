// How much memory the current GPU has.

#include <cuda_runtime_api.h>

#include <cstddef>

// Both in bytes. Returns a cudaError_t.
extern "C" int gpu_memory(std::size_t *free, std::size_t *total) { return cudaMemGetInfo(free, total); }

extern "C" const char *gpu_memory_error(int status) { return cudaGetErrorString(static_cast<cudaError_t>(status)); }

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void gpu_memory_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
