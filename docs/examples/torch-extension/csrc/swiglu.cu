// silu(gate) * up, where gate and up are the two halves of the last dimension: one pass over memory instead of three.

#include <cuda_runtime.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/macros.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace {

using torch::stable::Tensor;

__global__ void swiglu_kernel(const float *x, float *out, int64_t size, int64_t width) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < size; i += step) {
    const float *row = x + i / width * 2 * width;
    const float gate = row[i % width];
    out[i] = gate / (1.0f + __expf(-gate)) * row[i % width + width];
  }
}

Tensor swiglu(const Tensor &x) {
  STD_TORCH_CHECK(x.scalar_type() == torch::headeronly::ScalarType::Float, "x must hold float32");
  STD_TORCH_CHECK(x.dim() > 0 && x.size(-1) % 2 == 0, "the last dimension of x must be even: gate and up");
  std::vector<int64_t> shape;
  for (int64_t i = 0; i < x.dim(); ++i) shape.push_back(x.size(i));
  shape.back() /= 2;
  const torch::stable::accelerator::DeviceGuard guard(x.get_device_index());
  const Tensor input = torch::stable::contiguous(x);
  Tensor out = torch::stable::new_empty(input, shape);
  if (const int64_t size = out.numel()) {
    void *stream = nullptr;
    TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(x.get_device_index(), &stream));
    const auto blocks = static_cast<unsigned int>(std::min<int64_t>((size + 255) / 256, 4096));
    swiglu_kernel<<<blocks, 256, 0, static_cast<cudaStream_t>(stream)>>>(
        input.const_data_ptr<float>(), out.mutable_data_ptr<float>(), size, shape.back());
    STD_CUDA_KERNEL_LAUNCH_CHECK();
  }
  return out;
}

// Of the headers and of the runtime library, as CUDA counts: 13050 is 13.5. Needs no GPU.
std::tuple<int64_t, int64_t> cuda_versions() {
  int runtime = 0;
  STD_TORCH_CHECK(cudaRuntimeGetVersion(&runtime) == cudaSuccess, "the CUDA runtime does not say its version");
  return {CUDART_VERSION, runtime};
}

}  // namespace

STABLE_TORCH_LIBRARY(swiglu, m) {
  m.def("swiglu(Tensor x) -> Tensor");
  m.def("cuda_versions() -> (int, int)");
}

STABLE_TORCH_LIBRARY_IMPL(swiglu, CUDA, m) { m.impl("swiglu", TORCH_BOX(&swiglu)); }

STABLE_TORCH_LIBRARY_IMPL(swiglu, CompositeExplicitAutograd, m) {
  m.impl("cuda_versions", TORCH_BOX(&cuda_versions));
}
