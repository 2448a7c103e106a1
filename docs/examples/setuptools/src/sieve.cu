// The sieve of Eratosthenes, a thread for each number whose multiples are struck out.

#include <cuda_runtime.h>

#include "sieve.h"

namespace {

__global__ void strike_kernel(uint8_t *flags, int limit) {
  const long long number = 2 + blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
  if (number * number >= limit) return;
  for (long long multiple = number * number; multiple < limit; multiple += number) flags[multiple] = 0;
}

}  // namespace

extern "C" int primes_sieve(uint8_t *flags, int limit) {
  uint8_t *there = nullptr;
  cudaError_t status = cudaMalloc(&there, limit);
  if (!status) status = cudaMemset(there, 1, limit);
  if (!status) status = cudaMemset(there, 0, limit < 2 ? limit : 2);
  if (!status) {
    int root = 1;
    while (static_cast<long long>(root) * root < limit) ++root;
    strike_kernel<<<root / 128 + 1, 128>>>(there, limit);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(flags, there, limit, cudaMemcpyDeviceToHost);
  cudaFree(there);
  return status;
}

extern "C" const char *primes_error(int status) { return cudaGetErrorString(static_cast<cudaError_t>(status)); }

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void primes_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
