// How many steps of Collatz's rule (halve an even number, or triple it and add one) lead from each number to 1.

#include <cuda_runtime.h>

namespace {

__global__ void steps_kernel(int *steps, int first, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  unsigned long long number = first + i;
  int step = 0;
  for (; number > 1; ++step) number = number % 2 ? 3 * number + 1 : number / 2;
  steps[i] = step;
}

}  // namespace

// steps: count numbers of the host, for first, first + 1, ... Returns a cudaError_t.
extern "C" int collatz_steps(int *steps, int first, int count) {
  int *there = nullptr;
  cudaError_t status = cudaMalloc(&there, count * sizeof(int));
  if (!status) {
    steps_kernel<<<(count + 127) / 128, 128>>>(there, first, count);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(steps, there, count * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(there);
  return status;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void collatz_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
