"""
What builds of other people's sdists need of CUDA beyond a compiler, as somebody found who read their build files.

An extra of cuda-toolkit, or a companion without its major. What torch's headers include comes with torch.
"""

from __future__ import annotations

from typing import NamedTuple


class Sdist(NamedTuple):
    """A release on PyPI that has to do with CUDA."""

    name: str
    version: str
    #: what every build of it with CUDA takes
    sure: str = ""
    #: what it takes by an option, a condition, or for what it compiles when it runs
    may: str = ""


SDISTS = [
    Sdist("astra-toolbox", "1.8b5", "cufft"),
    Sdist("auto-gptq", "0.7.1"),
    Sdist("bnusys", "0.1.0", may="cusparse"),
    Sdist("brainevent", "0.3.0", may="cublas"),
    Sdist("causal-conv1d", "1.7.0"),
    Sdist("chamferdist", "1.0.3"),
    Sdist("ctransformers", "0.2.27", "cublas"),
    Sdist("cuda-float-compress", "0.2.3"),
    Sdist("cuda-kernels", "0.2.0"),
    Sdist("cufinufft", "2.5.1", "cufft"),
    Sdist("cumm", "0.1.0"),
    Sdist(
        "cupy",
        "14.2.0",
        "cublas cufft curand cusolver cusparse nvrtc nvtx profiler",
        "cutensor nvidia-nccl nvidia-cusparselt",
    ),
    Sdist("cupy-knn", "0.4.0"),
    Sdist("cuvec", "6.0.1"),
    Sdist("deepspeed", "0.19.8", may="cublas curand cufile profiler"),
    Sdist("deepwave", "0.1.0"),
    Sdist("diso", "0.1.4"),
    Sdist("dlib", "20.0.1", "cublas curand cusolver nvidia-cudnn"),
    Sdist("exllamav2", "0.0.4", "curand", "cublas"),
    Sdist("fastgeodis", "1.0.5"),
    Sdist("flash-attn", "2.8.3.post2"),
    Sdist("fussim", "0.3.1"),
    Sdist("fvdb-core", "0.6.0", may="nvtx"),
    Sdist("gafime-cuda", "0.4.7"),
    Sdist("ggml-python", "0.0.45", "cublas", "nvidia-nccl opencl"),
    Sdist("gptqmodel", "7.7.0", may="cublas"),
    Sdist("graphgp-cuda", "0.0.4"),
    Sdist("grouped-gemm", "0.3.0"),
    Sdist("gsplat", "1.5.3"),
    Sdist("horovod", "0.28.1", may="nvidia-nccl nvtx"),
    Sdist("ista-daslab-optimizers-cuda", "1.1.0"),
    Sdist("lightgbm", "4.7.0", "nvidia-nccl", "opencl"),
    Sdist("llama-cpp-python", "0.3.36", "cublas", "nvidia-nccl opencl"),
    Sdist("locvec", "1.0.1", "culibos"),
    Sdist("mamba-ssm", "2.3.2.post1"),
    Sdist("mdescriptor", "0.3.5"),
    Sdist("megablocks", "0.10.0"),
    Sdist("minkowskiengine", "0.5.4", "cublas curand cusparse nvtx"),
    Sdist("mmcv", "2.2.0"),
    Sdist("nerfacc", "0.5.3", "curand"),
    Sdist("nimpa", "2.6.3", "curand"),
    Sdist("osqp", "1.1.3", "cublas cusparse"),
    Sdist("pennylane-lightning-gpu", "0.45.0", "cublas cusparse custatevec", "cutensornet"),
    Sdist("polygon-iou", "1.0.7"),
    Sdist("power-attention-cuda", "0.1.0"),
    Sdist("pycuda", "2026.1", "profiler", "curand"),
    Sdist("pyfwht", "2.0.1"),
    Sdist("pyradiomics-cuda", "1.0.4"),
    Sdist("pytorch-fast-transformers", "0.4.0", "curand"),
    Sdist("pyvkfft", "2025.1.1", "nvrtc", "opencl"),
    Sdist("pywhispercpp", "1.5.1", "cublas", "nvidia-nccl opencl"),
    Sdist("qiskit-aer", "0.18.2", may="cusolver cusparse custatevec cutensor cutensornet"),
    Sdist("qkmx", "0.2.3"),
    Sdist("qulacs-gpu", "0.3.1", "cublas curand"),
    Sdist("rotary-emb", "0.5.2"),
    Sdist("scs", "3.3.1", "cublas cusparse", "nvidia-cudss"),
    Sdist("sjlt", "0.1.7"),
    Sdist("stable-diffusion-cpp-python", "0.4.7", "cublas", "opencl"),
    Sdist("tensorax", "0.3.1", may="nvtx"),
    Sdist("torch-cluster", "1.6.3", "curand"),
    Sdist("torch-linear-assignment", "0.1.0"),
    Sdist("torch-points-kernels", "0.7.0"),
    Sdist("torch-scatter", "2.1.2"),
    Sdist("torch-sparse", "0.6.18"),
    Sdist("torch-spline-conv", "1.2.2"),
    Sdist("torchlpc", "0.7.2"),
    Sdist("torchsort", "0.1.10"),
    Sdist(
        "transformer-engine-torch",
        "2.20.2",
        "cublas nvidia-cudnn nvrtc nvtx",
        "nvidia-nccl nvml nvidia-cublasmp nvidia-cusolvermp nvidia-nvshmem",
    ),
    Sdist("turbo-gnn", "0.1.0rc2", "cusparse"),
    Sdist("vllm", "0.33.0", "cublas"),
    Sdist("warp-rnnt", "0.7.0"),
    Sdist("xformers", "0.0.35"),
    Sdist("xgboost", "3.4.1", may="nvidia-nccl nvidia-libnvcomp nvtx nvml"),
]
