// How many steps each point of the Mandelbrot set's surroundings takes to leave.

#include <cuda_runtime.h>

#include <cstddef>

#include "complex.cuh"

namespace {

__global__ void escape_kernel(int *steps, int width, int height, int limit) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= width * height) return;
  const float at_x = -2.0f + 3.0f * (i % width) / width, at_y = -1.0f + 2.0f * (i / width) / height;
  float x = 0.0f, y = 0.0f;
  int step = 0;
  while (step < limit && squared_length(x, y) <= 4.0f) {
    square_and_add(x, y, at_x, at_y);
    ++step;
  }
  steps[i] = step;
}

}  // namespace

// steps: width * height numbers of the host. Returns a cudaError_t.
extern "C" int mandelbrot_escape(int *steps, int width, int height, int limit) {
  const std::size_t count = static_cast<std::size_t>(width) * height;
  int *there = nullptr;
  cudaError_t status = cudaMalloc(&there, count * sizeof(int));
  if (!status) {
    escape_kernel<<<static_cast<unsigned int>((count + 127) / 128), 128>>>(there, width, height, limit);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(steps, there, count * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(there);
  return status;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void mandelbrot_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
