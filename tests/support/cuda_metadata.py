"""What real distributions require of CUDA: their METADATA, without what is about something else."""

from __future__ import annotations

LINUX = 'platform_system == "Linux"'
X86 = f'{LINUX} and platform_machine == "x86_64"'

#: name -> version -> Requires-Dist
REQUIRES = {
    "torch": {
        # from PyTorch's own index
        "2.9.1+cu130": [
            "filelock",
            f"nvidia-cuda-nvrtc==13.0.48; {LINUX}",
            f"nvidia-cuda-runtime==13.0.48; {LINUX}",
            f"nvidia-cudnn-cu13==9.13.0.50; {LINUX}",
            f"nvidia-cublas==13.0.0.19; {LINUX}",
            f"nvidia-nvjitlink==13.0.39; {LINUX}",
        ],
        "2.10.0+cu130": [
            f"cuda-bindings==13.0.3; {LINUX}",
            f"nvidia-cuda-nvrtc==13.0.88; {LINUX}",
            f"nvidia-cuda-runtime==13.0.96; {LINUX}",
            f"nvidia-cudnn-cu13==9.15.1.9; {LINUX}",
            f"nvidia-cublas==13.1.0.3; {LINUX}",
        ],
        "2.12.1": [
            f"cuda-toolkit[cudart,cufft,cufile,cupti,curand,cusolver,cusparse,nvjitlink,nvrtc,nvtx]==13.0.2; {LINUX}",
            f"nvidia-cublas<=13.1.1.3,>=13.1.0.3; {LINUX}",
            f"cuda-bindings<14,>=13.0.3; {LINUX}",
            f"nvidia-cudnn-cu13==9.20.0.48; {LINUX}",
        ],
        "2.14.1": [
            f"cuda-toolkit[cublas,cudart,cufft,cusolver,nvjitlink,nvrtc,nvtx]==13.0.3; {LINUX}",
            f'cuda-bindings<14,>=13.0.3; {LINUX} and python_version < "3.15"',
            f"nvidia-nccl-cu13==2.30.7; {LINUX}",
        ],
        "2.15.0": [f"cuda-toolkit[cublas,cudart,cufft,nvrtc,nvtx]==13.2.2; {LINUX}", f"nvidia-nccl-cu13; {LINUX}"],
        "2.10.0": [
            f"cuda-bindings==12.9.4; {X86}",
            f"nvidia-cuda-nvrtc-cu12==12.8.93; {X86}",
            f"nvidia-cuda-runtime-cu12==12.8.90; {X86}",
            f"nvidia-cusparse-cu12==12.5.8.93; {X86}",
        ],
        "2.0.1": [f"nvidia-cuda-runtime-cu11 (==11.7.99) ; {X86}", f"nvidia-cusolver-cu11 (==11.4.0.1) ; {X86}"],
        "2.13.0+cpu": ["filelock", 'opt-einsum>=3.3; extra == "opt-einsum"'],
    },
    "jax-cuda13-plugin": {
        "0.10.2": [
            "jax-cuda13-pjrt==0.10.2",
            'nvidia-cublas>=13.0.0.19; sys_platform == "linux" and extra == "with-cuda"',
            'nvidia-cuda-nvcc>=13.0.48; sys_platform == "linux" and extra == "with-cuda"',
            'nvidia-nvvm; extra == "with-cuda"',
        ]
    },
    "jax": {
        "0.10.2": [
            'jax-cuda12-plugin[with-cuda]<=0.10.2,>=0.10.2; extra == "cuda12"',
            'jax-cuda13-plugin[with-cuda]<=0.10.2,>=0.10.2; extra == "cuda13"',
        ]
    },
    "cupy-cuda13x": {"14.2.0": ['cuda-toolkit[cublas,cudart,nvrtc]==13.*; extra == "ctk"']},
    "cupy-cuda12x": {"14.2.0": ['cuda-toolkit[cublas,cudart,nvrtc]==12.*; extra == "ctk"']},
    "vllm": {"0.33.0": ["torch==2.14.1", "nvidia-cutlass-dsl[cu13]==4.8.0", 'zentorch==2.14.0.1; extra == "zen"']},
    "sglang-kernel": {"0.4.10": ["torch==2.14.1"]},
    "numba-cuda": {
        "0.30.4": [
            "cuda-bindings<14.0.0,>=12.9.1",
            'cuda-toolkit[cccl,cudart,nvcc,nvrtc]==12.*; extra == "cu12"',
            'cuda-toolkit[cccl,cudart,nvrtc,nvvm]==13.*; extra == "cu13"',
        ]
    },
    "flashinfer-python": {"0.7.4": ["torch", 'nvidia-cuda-nvcc>=13.2; extra == "ptx"']},
}


def metadata(name: str, version: str) -> str:
    """Spell it as a METADATA file does, with a description."""
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", "Author: someone"]
    lines += [f"Requires-Dist: {each}" for each in REQUIRES[name][version]]
    return "\n".join([*lines, "", "Requires-Dist: nvidia-cuda-runtime==13.9.9 is not said here", ""])
