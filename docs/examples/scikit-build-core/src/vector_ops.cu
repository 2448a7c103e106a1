// Two vector operations on float32 in device memory, behind a C interface.
// Every function returns a cudaError_t (0 is success); work is enqueued on the stream, nothing waits for it.

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#ifdef _WIN32
#define VECTOR_OPS_API extern "C" __declspec(dllexport)
#else
#define VECTOR_OPS_API extern "C" __attribute__((visibility("default")))
#endif

namespace {

namespace cg = cooperative_groups;

constexpr int threads = 256;

int blocks_for(std::size_t n) {
  return static_cast<int>(std::min<std::size_t>((n + threads - 1) / threads, 1024));
}

__global__ void axpy_kernel(std::size_t n, float alpha, const float *x, float *y) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) {
    y[i] = alpha * x[i] + y[i];
  }
}

__global__ void dot_kernel(std::size_t n, const float *x, const float *y, float *out) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  float sum = 0.0f;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) {
    sum += x[i] * y[i];
  }
  const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  sum = cg::reduce(warp, sum, cg::plus<float>());
  if (warp.thread_rank() == 0) {
    atomicAdd(out, sum);
  }
}

// Device memory that is freed at the end of its scope.
struct Buffer {
  float *data = nullptr;
  explicit Buffer(std::size_t n) { status = cudaMalloc(&data, n * sizeof(float)); }
  ~Buffer() { cudaFree(data); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  cudaError_t status;
};

}  // namespace

// y = alpha * x + y
VECTOR_OPS_API int vector_ops_axpy(std::size_t n, float alpha, const float *x, float *y, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  axpy_kernel<<<blocks_for(n), threads, 0, stream>>>(n, alpha, x, y);
  return cudaGetLastError();
}

// *out = sum of x[i] * y[i]; out is device memory too
VECTOR_OPS_API int vector_ops_dot(std::size_t n, const float *x, const float *y, float *out, cudaStream_t stream) {
  const cudaError_t cleared = cudaMemsetAsync(out, 0, sizeof(float), stream);
  if (cleared != cudaSuccess || n == 0) return cleared;
  dot_kernel<<<blocks_for(n), threads, 0, stream>>>(n, x, y, out);
  return cudaGetLastError();
}

// Runs both on n elements and compares with the host: *worst is the larger of the two relative errors.
VECTOR_OPS_API int vector_ops_selftest(std::size_t n, double *worst) {
  const float alpha = 2.5f;
  std::vector<float> x(n), y(n), answer(n);
  double expected_dot = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = 1.0f + static_cast<float>(i % 1000) / 1000.0f;
    y[i] = 2.0f - static_cast<float>(i % 777) / 777.0f;
    expected_dot += static_cast<double>(x[i]) * y[i];
  }
  Buffer device_x(n), device_y(n), device_dot(1);
  const std::size_t bytes = n * sizeof(float);
  float dot = 0.0f;
  int status = std::max({device_x.status, device_y.status, device_dot.status});
  if (!status) status = cudaMemcpy(device_x.data, x.data(), bytes, cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(device_y.data, y.data(), bytes, cudaMemcpyHostToDevice);
  if (!status) status = vector_ops_dot(n, device_x.data, device_y.data, device_dot.data, nullptr);
  if (!status) status = cudaMemcpy(&dot, device_dot.data, sizeof(float), cudaMemcpyDeviceToHost);
  if (!status) status = vector_ops_axpy(n, alpha, device_x.data, device_y.data, nullptr);
  if (!status) status = cudaMemcpy(answer.data(), device_y.data, bytes, cudaMemcpyDeviceToHost);
  if (status) return status;
  *worst = std::abs(dot - expected_dot) / std::max(expected_dot, 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    const double expected = static_cast<double>(alpha) * x[i] + y[i];
    *worst = std::max(*worst, std::abs(answer[i] - expected) / expected);
  }
  return cudaSuccess;
}

// The versions of the runtime library and of its headers, e.g. 13050: works without a driver.
VECTOR_OPS_API int vector_ops_runtime_version(int *version) { return cudaRuntimeGetVersion(version); }
VECTOR_OPS_API int vector_ops_headers_version() { return CUDART_VERSION; }

// Without a driver, or without a GPU, there are none: that is an answer, not an error.
VECTOR_OPS_API int vector_ops_device_count(int *count) {
  const cudaError_t status = cudaGetDeviceCount(count);
  if (status == cudaErrorInsufficientDriver || status == cudaErrorNoDevice || status == cudaErrorStubLibrary) {
    *count = 0;
    cudaGetLastError();  // forget it, or the next launch would report it
    return cudaSuccess;
  }
  return status;
}

VECTOR_OPS_API const char *vector_ops_error_name(int status) {
  return cudaGetErrorName(static_cast<cudaError_t>(status));
}

VECTOR_OPS_API const char *vector_ops_error_string(int status) {
  return cudaGetErrorString(static_cast<cudaError_t>(status));
}
