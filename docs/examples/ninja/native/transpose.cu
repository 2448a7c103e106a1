// Transposes a matrix of float32 by tiles in shared memory, so that both sides are read and written in whole lines.

#include <cuda_runtime.h>

#include <cstddef>

namespace {

constexpr int tile = 32, rows_a_turn = 8;

__global__ void transpose_kernel(const float *in, float *out, int rows, int columns) {
  __shared__ float block[tile][tile + 1];  // one more, against bank conflicts
  int x = blockIdx.x * tile + threadIdx.x, y = blockIdx.y * tile + threadIdx.y;
  for (int i = 0; i < tile; i += rows_a_turn) {
    if (x < columns && y + i < rows) {
      block[threadIdx.y + i][threadIdx.x] = in[static_cast<std::size_t>(y + i) * columns + x];
    }
  }
  __syncthreads();
  x = blockIdx.y * tile + threadIdx.x;
  y = blockIdx.x * tile + threadIdx.y;
  for (int i = 0; i < tile; i += rows_a_turn) {
    if (x < rows && y + i < columns) {
      out[static_cast<std::size_t>(y + i) * rows + x] = block[threadIdx.x][threadIdx.y + i];
    }
  }
}

}  // namespace

// in: rows x columns, out: columns x rows, both in the host's memory, row by row. Returns a cudaError_t.
extern "C" int transpose(const float *in, float *out, int rows, int columns) {
  const std::size_t bytes = sizeof(float) * rows * columns;
  float *from = nullptr, *to = nullptr;
  cudaError_t status = cudaMalloc(&from, bytes);
  if (!status) status = cudaMalloc(&to, bytes);
  if (!status) status = cudaMemcpy(from, in, bytes, cudaMemcpyHostToDevice);
  if (!status) {
    const dim3 blocks((columns + tile - 1) / tile, (rows + tile - 1) / tile);
    transpose_kernel<<<blocks, dim3(tile, rows_a_turn)>>>(from, to, rows, columns);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(out, to, bytes, cudaMemcpyDeviceToHost);
  cudaFree(from);
  cudaFree(to);
  return status;
}
