"""What each release of CUDA was the first or the last with: architectures, the newest gcc, names of libraries."""

from __future__ import annotations

#: the first and the last release of CUDA that compile for an architecture (NVIDIA's release notes; nvcc
#: --list-gpu-arch of 13.0 to 13.5)
ARCHITECTURES = {
    **dict.fromkeys((10, 11, 12, 13), ("1.0", "6.5")),
    **dict.fromkeys((20, 21), ("3.0", "8.0")),
    30: ("4.2", "10.2"),
    32: ("6.0", "10.2"),
    35: ("5.0", "11.8"),
    37: ("6.5", "11.8"),
    50: ("6.0", "12.9"),
    **dict.fromkeys((52, 53), ("6.5", "12.9")),
    **dict.fromkeys((60, 61, 62), ("8.0", "12.9")),
    70: ("9.0", "12.9"),
    72: ("9.2", "12.9"),
    75: ("10.0", ""),
    80: ("11.0", ""),
    86: ("11.1", ""),
    87: ("11.4", ""),
    88: ("13.0", ""),
    **dict.fromkeys((89, 90), ("11.8", "")),
    **dict.fromkeys((100, 120), ("12.8", "")),
    101: ("12.8", "12.9"),
    **dict.fromkeys((103, 121), ("12.9", "")),
    107: ("13.4", ""),
    110: ("13.0", ""),
}
#: the newest gcc that an nvcc takes, by the first release of CUDA with that limit (crt/host_config.h of each)
GCC_LIMITS = {
    "7.0": 4,
    "8.0": 5,
    "9.0": 6,
    "9.2": 7,
    "10.1": 8,
    "11.0": 9,
    "11.1": 10,
    "11.4": 11,
    "12.0": 12,
    "12.4": 13,
    "12.8": 14,
    "13.0": 15,
    "13.2": 16,
}
#: functions, types and constants, and the first release of CUDA whose headers have them (release notes)
NAMES = {
    r"CUBLAS_COMPUTE_\w+|cublasComputeType_t|cudaAccessPolicyWindow|__nv_bfloat162?": "11.0",
    r"cuda(?:MallocAsync|FreeAsync|MemPool\w*|DeviceGetDefaultMemPool)|cuMemPool\w+": "11.2",
    r"cudaGetDriverEntryPoint|cuGetProcAddress": "11.3",
    r"cudaLaunch(?:KernelExC?|Config_t|Attribute\w*)|cuLaunchKernelEx|CUlaunchConfig|CUDA_R_8F_E[45]M[32]|__nv_fp8\w+"
    r"|cudaFuncAttributeNonPortableClusterSizeAllowed|cudaOccupancyMaxActiveClusters": "11.8",
    r"cuTensorMap\w+|CUtensorMap\w*|CU_TENSOR_MAP_\w+": "12.0",
    "par_nosync": "12.0",
    r"cudaGraphConditional\w+": "12.3",
    r"CUDA_R_(?:4F_E2M1|8F_UE8M0|6F_\w+)|__nv_fp[46]\w+|CUBLASLT_MATMUL_MATRIX_SCALE_VEC\w+": "12.8",
    "default_init": "13.1",
}
#: libraries, the first release of CUDA without them, and what is linked in their place
DROPPED = {
    "cublas_device": ("10.0", "link without it, and call cuBLAS from the host"),
    "nppi": ("9.0", "link to its parts: -lnppc -lnppial -lnppicc -lnppidei -lnppif -lnppig -lnppim -lnppist -lnppitc"),
    "nppicom": ("11.0", "link without it; nvJPEG does what it did"),
    "nvToolsExt": ("13.0", "NVTX 3 has only headers: #include <nvtx3/nvToolsExt.h>, and link to nothing"),
}
#: headers, and the first release of CUDA that has them
HEADERS = {
    "mma.h": "9.0",
    "cuda_bf16.h": "11.0",
    "cuda_bf16.hpp": "11.0",
    "cub/cub.cuh": "11.0",
    "cudaTypedefs.h": "11.3",
    "cuda_fp8.h": "11.8",
    "nvJitLink.h": "12.0",
    "cuda_fp4.h": "12.8",
    "cuda_fp6.h": "12.8",
}
#: the oldest driver for Linux that runs programs of a major of CUDA (release notes, minor version compatibility)
DRIVERS = {11: 450, 12: 525, 13: 580}
#: a library of a CUDA without wheels of nvcc's, and which; up to CUDA 10 the number at its end is the release
SONAMES = {
    **{f"libcudart.so.{each}": each.removesuffix(".0") for each in ("11.0", "12")},
    **{f"lib{name}.so.{each}": each for name in ("cublas", "cublasLt") for each in ("11", "12")},
    "libcufft.so.11": "12",
    "libcusparse.so.11": "11",
    **dict.fromkeys(("libcublas.so.10", "libcublasLt.so.10", "libcusparse.so.10"), "10.1 or 10.2"),
    "libcusolver.so.10": "10.1 to 11.0",
    "libcufft.so.10": "10 or 11",
    "libcusolver.so.11": "11.1 or later, or 12",
    **{f"libnvrtc.so.{each}": each.partition(".")[0] for each in ("11.0", "11.1", "11.2", "12")},
    "libnvJitLink.so.12": "12",
    "libcupti.so.12": "12",
    "libnvToolsExt.so.1": "12 or earlier",
}
