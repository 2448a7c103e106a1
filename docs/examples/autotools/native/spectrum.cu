// The power spectrum of a signal: a transform by cuFFT, and a kernel that squares.

#include <cuda_runtime.h>
#include <cufft.h>

#include <cstddef>

namespace {

__global__ void power_kernel(const cufftComplex *values, float *power, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) power[i] = values[i].x * values[i].x + values[i].y * values[i].y;
}

}  // namespace

// signal: count floats of the host; power: count / 2 + 1 of them. Returns 0, a cudaError_t, or 10000 and a cufftResult.
extern "C" int spectrum_power(const float *signal, float *power, int count) {
  const int half = count / 2 + 1;
  float *in = nullptr;
  cufftComplex *out = nullptr;
  int status = cudaMalloc(&in, count * sizeof(float));
  if (!status) status = cudaMalloc(&out, half * sizeof(cufftComplex));
  if (!status) status = cudaMemcpy(in, signal, count * sizeof(float), cudaMemcpyHostToDevice);
  if (!status) {
    cufftHandle plan;
    cufftResult done = cufftPlan1d(&plan, count, CUFFT_R2C, 1);
    if (!done) {
      done = cufftExecR2C(plan, in, out);
      cufftDestroy(plan);
    }
    status = done ? 10000 + done : 0;
  }
  if (!status) {
    power_kernel<<<(half + 255) / 256, 256>>>(out, in, half);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(power, in, half * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(in);
  cudaFree(out);
  return status;
}

// Versions as CUDA counts them, 13050 for 13.5: of the headers, and of the runtime library.
extern "C" void spectrum_versions(int *headers, int *runtime) {
  *headers = CUDART_VERSION;
  if (cudaRuntimeGetVersion(runtime)) *runtime = -1;
}
