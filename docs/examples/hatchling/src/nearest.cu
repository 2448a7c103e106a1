// For each point of one set, the nearest of another.

#include <cuda_runtime.h>

#include <cstddef>

namespace {

__global__ void nearest_kernel(const float2 *points, int count, const float2 *queries, int *answers, int query_count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= query_count) return;
  const float2 query = queries[i];
  int best = -1;
  float best_distance = INFINITY;
  for (int at = 0; at < count; ++at) {
    const float x = points[at].x - query.x, y = points[at].y - query.y, distance = x * x + y * y;
    if (distance < best_distance) {
      best_distance = distance;
      best = at;
    }
  }
  answers[i] = best;
}

}  // namespace

// points, queries: pairs of floats of the host; answers: an index into points for each query. Returns a cudaError_t.
extern "C" int nearest(const float *points, int count, const float *queries, int *answers, int query_count) {
  float2 *there = nullptr;
  int *found = nullptr;
  cudaError_t status = cudaMalloc(&there, (static_cast<std::size_t>(count) + query_count) * sizeof(float2));
  if (!status) status = cudaMalloc(&found, query_count * sizeof(int));
  if (!status) status = cudaMemcpy(there, points, count * sizeof(float2), cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(there + count, queries, query_count * sizeof(float2), cudaMemcpyHostToDevice);
  if (!status) {
    nearest_kernel<<<(query_count + 127) / 128, 128>>>(there, count, there + count, found, query_count);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(answers, found, query_count * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(there);
  cudaFree(found);
  return status;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void nearest_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
