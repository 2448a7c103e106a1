// A box filter: each value becomes the mean of those around it; beyond both ends there are zeros.

#include "kernel.h"

#include <cuda_runtime.h>

namespace {

__global__ void blur_kernel(const float *in, float *out, int count, int radius) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  float sum = 0.0f;
  for (int at = max(i - radius, 0); at <= min(i + radius, count - 1); ++at) sum += in[at];
  out[i] = sum / (2 * radius + 1);
}

}  // namespace

int blur_values(float *values, int count, int radius) {
  const size_t bytes = sizeof(float) * count;
  float *in = nullptr, *out = nullptr;
  cudaError_t status = cudaMalloc(&in, bytes);
  if (!status) status = cudaMalloc(&out, bytes);
  if (!status) status = cudaMemcpy(in, values, bytes, cudaMemcpyHostToDevice);
  if (!status) {
    blur_kernel<<<(count + 255) / 256, 256>>>(in, out, count, radius);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(values, out, bytes, cudaMemcpyDeviceToHost);
  cudaFree(in);
  cudaFree(out);
  return status;
}

const char *blur_error(int status) { return cudaGetErrorString(static_cast<cudaError_t>(status)); }
