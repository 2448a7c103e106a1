// Products of many small matrices by cuBLAS, and a kernel that adds a bias to them.

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <cstddef>

#define API extern "C" __attribute__((visibility("default")))

namespace {

__global__ void add_bias(float *data, float bias, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) data[i] += bias;
}

}  // namespace

// c[i] = a[i] * b[i] + bias for n x n matrices of the host, column by column. 0, a cudaError_t, or 10000 + cublasStatus_t
API int small_gemm(const float *a, const float *b, float *c, int n, int batch, float bias) {
  const std::size_t count = static_cast<std::size_t>(n) * n * batch, bytes = count * sizeof(float);
  nvtxRangePushA("small_gemm");
  float *there = nullptr;
  cudaError_t status = cudaMalloc(&there, 3 * bytes);
  if (!status) status = cudaMemcpy(there, a, bytes, cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(there + count, b, bytes, cudaMemcpyHostToDevice);
  int answer = status;
  cublasHandle_t handle = nullptr;
  if (!answer) {
    const float one = 1.0f, zero = 0.0f;
    const long long stride = static_cast<long long>(n) * n;
    cublasStatus_t done = cublasCreate(&handle);
    if (!done) {
      done = cublasSgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, there, n, stride,
                                       there + count, n, stride, &zero, there + 2 * count, n, stride, batch);
    }
    answer = done ? 10000 + done : 0;
  }
  if (!answer) {
    add_bias<<<static_cast<unsigned int>((count + 255) / 256), 256>>>(there + 2 * count, bias, static_cast<int>(count));
    answer = cudaGetLastError();
  }
  if (!answer) answer = cudaMemcpy(c, there + 2 * count, bytes, cudaMemcpyDeviceToHost);
  if (handle) cublasDestroy(handle);
  cudaFree(there);
  nvtxRangePop();
  return answer;
}

// Versions as CUDA counts them: of the headers, of the runtime library, and that of cuBLAS by its own count.
API void small_gemm_versions(int *headers, int *runtime, std::size_t *cublas) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
  *cublas = cublasLtGetVersion();
}
