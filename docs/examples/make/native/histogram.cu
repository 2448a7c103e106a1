// How often each byte value occurs: counts in shared memory first, one table a block.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>

namespace {

constexpr int bins = 256;

__global__ void count_kernel(const unsigned char *data, std::size_t size, unsigned long long *counts) {
  __shared__ unsigned int local[bins];
  for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) local[bin] = 0;
  __syncthreads();
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < size; i += step) {
    atomicAdd(&local[data[i]], 1u);
  }
  __syncthreads();
  for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) {
    atomicAdd(&counts[bin], static_cast<unsigned long long>(local[bin]));
  }
}

}  // namespace

// data: size bytes of the host; counts: 256 numbers of the host. Returns a cudaError_t.
extern "C" int histogram_count(const unsigned char *data, std::size_t size, unsigned long long *counts) {
  unsigned char *bytes = nullptr;
  unsigned long long *table = nullptr;
  const std::size_t table_size = bins * sizeof(unsigned long long);
  cudaError_t status = cudaMalloc(&bytes, std::max<std::size_t>(size, 1));
  if (!status) status = cudaMalloc(&table, table_size);
  if (!status) status = cudaMemset(table, 0, table_size);
  if (!status) status = cudaMemcpy(bytes, data, size, cudaMemcpyHostToDevice);
  if (!status) {
    const auto blocks = static_cast<unsigned int>(std::min<std::size_t>(size / 4096 + 1, 512));
    count_kernel<<<blocks, 256>>>(bytes, size, table);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(counts, table, table_size, cudaMemcpyDeviceToHost);
  cudaFree(bytes);
  cudaFree(table);
  return status;
}
