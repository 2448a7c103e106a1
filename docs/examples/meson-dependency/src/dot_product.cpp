// A dot product by cuBLAS: C++ without a kernel.

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <cstddef>

// x, y: count numbers of the host. Returns 0, a cudaError_t, or 10000 and a cublasStatus_t.
extern "C" int dot_product(const double *x, const double *y, int count, double *answer) {
  const std::size_t bytes = sizeof(double) * count;
  double *there = nullptr;
  int status = cudaMalloc(reinterpret_cast<void **>(&there), 2 * bytes);
  if (!status) status = cudaMemcpy(there, x, bytes, cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(there + count, y, bytes, cudaMemcpyHostToDevice);
  if (!status) {
    cublasHandle_t handle = nullptr;
    cublasStatus_t done = cublasCreate(&handle);
    if (!done) done = cublasDdot(handle, count, there, 1, there + count, 1, answer);
    if (handle) cublasDestroy(handle);
    status = done ? 10000 + done : 0;
  }
  cudaFree(there);
  return status;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void dot_product_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
