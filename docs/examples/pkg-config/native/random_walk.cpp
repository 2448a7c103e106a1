// Normally distributed numbers from a GPU, by cuRAND's host interface: no kernel, so no nvcc.

#include <cuda_runtime_api.h>
#include <curand.h>

#include <cstddef>

// Fills numbers, in the host's memory, whose count is even. Returns 0, a cudaError_t, or 10000 and a curandStatus_t.
extern "C" int random_walk_normal(float *numbers, std::size_t count, unsigned long long seed) {
  float *there = nullptr;
  if (const cudaError_t status = cudaMalloc(reinterpret_cast<void **>(&there), count * sizeof(float))) return status;
  curandGenerator_t generator = nullptr;
  curandStatus_t status = curandCreateGenerator(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10);
  if (!status) status = curandSetPseudoRandomGeneratorSeed(generator, seed);
  if (!status) status = curandGenerateNormal(generator, there, count, 0.0f, 1.0f);
  int answer = status ? 10000 + status : 0;
  if (!answer) answer = cudaMemcpy(numbers, there, count * sizeof(float), cudaMemcpyDeviceToHost);
  if (generator) curandDestroyGenerator(generator);
  cudaFree(there);
  return answer;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void random_walk_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
