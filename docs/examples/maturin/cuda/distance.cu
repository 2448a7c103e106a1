// The edit distance of one text from many others, a thread for each of those.

#include <cuda_runtime.h>

#include <cstddef>

namespace {

constexpr int longest = 128;

__global__ void distance_kernel(const unsigned char *text, int size, const unsigned char *others, const int *ends,
                                int *answers, int count) {
  const int which = blockIdx.x * blockDim.x + threadIdx.x;
  if (which >= count) return;
  const int start = which ? ends[which - 1] : 0;
  int row[longest + 1];
  for (int i = 0; i <= size; ++i) row[i] = i;
  for (int at = start; at < ends[which]; ++at) {
    int diagonal = row[0];
    row[0] = at - start + 1;
    for (int i = 1; i <= size; ++i) {
      const int changed = diagonal + (text[i - 1] != others[at]);
      diagonal = row[i];
      row[i] = min(changed, min(row[i], row[i - 1]) + 1);
    }
  }
  answers[which] = row[size];
}

}  // namespace

// text: size bytes, at most 128; others: texts one after the other, of which ends has where each ends. All of the host.
// Returns a cudaError_t.
extern "C" int distance_run(const unsigned char *text, int size, const unsigned char *others, const int *ends,
                            int *answers, int count) {
  if (size < 0 || size > longest || count < 1) return cudaErrorInvalidValue;
  const std::size_t bytes = static_cast<std::size_t>(size) + ends[count - 1];
  unsigned char *texts = nullptr;
  int *numbers = nullptr;
  cudaError_t status = cudaMalloc(&texts, bytes + 1);
  if (!status) status = cudaMalloc(&numbers, 2 * sizeof(int) * count);
  if (!status) status = cudaMemcpy(texts, text, size, cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(texts + size, others, ends[count - 1], cudaMemcpyHostToDevice);
  if (!status) status = cudaMemcpy(numbers, ends, sizeof(int) * count, cudaMemcpyHostToDevice);
  if (!status) {
    distance_kernel<<<(count + 127) / 128, 128>>>(texts, size, texts + size, numbers, numbers + count, count);
    status = cudaGetLastError();
  }
  if (!status) status = cudaMemcpy(answers, numbers + count, sizeof(int) * count, cudaMemcpyDeviceToHost);
  cudaFree(texts);
  cudaFree(numbers);
  return status;
}

// As CUDA counts them, 13050 for 13.5.
extern "C" int distance_headers_version() { return CUDART_VERSION; }

extern "C" int distance_runtime_version() {
  int version = 0;
  return cudaRuntimeGetVersion(&version) ? -1 : version;
}
