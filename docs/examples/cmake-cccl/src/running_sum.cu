// Sorts numbers (Thrust), and sums them up from the first to each (CUB), as 64-bit integers of libcu++.

#include <cub/device/device_scan.cuh>
#include <cuda/std/cstdint>
#include <cuda/version>
#include <thrust/device_vector.h>
#include <thrust/sort.h>
#include <thrust/system_error.h>

#include <cstddef>
#include <exception>

using Number = cuda::std::int64_t;

// numbers: count of them in the host's memory, replaced by the answer. Returns a cudaError_t, or -1 for another failure.
extern "C" int running_sum(Number *numbers, std::size_t count) try {
  thrust::device_vector<Number> values(numbers, numbers + count), sums(count);
  thrust::sort(values.begin(), values.end());
  std::size_t size = 0;
  const Number *in = thrust::raw_pointer_cast(values.data());
  Number *out = thrust::raw_pointer_cast(sums.data());
  cudaError_t status = cub::DeviceScan::InclusiveSum(nullptr, size, in, out, count);
  if (status) return status;
  thrust::device_vector<unsigned char> room(size);
  status = cub::DeviceScan::InclusiveSum(thrust::raw_pointer_cast(room.data()), size, in, out, count);
  if (status) return status;
  thrust::copy(sums.begin(), sums.end(), numbers);
  return cudaSuccess;
} catch (const thrust::system_error &error) {
  return error.code().value();
} catch (const std::exception &) {
  return -1;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library; and CCCL's, 3004002 for 3.4.2
extern "C" void running_sum_versions(int *headers, int *runtime, int *cccl) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
  *cccl = CCCL_VERSION;
}
