# ruff: noqa: E501, ISC004, RUF001 # messages stand here as they are printed
"""Messages beyond those of the page ``docs/reference/build-logs.md``, as the programs print them, and what is said."""

from __future__ import annotations

from cuda_shims.catalog import tools as catalog

FIND = "CMake Error at CMakeLists.txt:3 (find_package):\n  "
#: of an import; the rest of the traceback is left out
REBUILT_BY_CMAKE = """\
Running cmake --build & --install in /src/p/build/cp311-cp311-linux_x86_64
[0/1] Re-running CMake...
CMake Error at CMakeLists.txt:2 (project):
  The CMAKE_CUDA_COMPILER:

    /tmp/pip-build-env-7n18iskb/overlay/lib/python3.11/site-packages/cuda_shims_toolkit/cu13/bin/nvcc

  is not a full path to an existing compiler tool.

FAILED: build.ninja
/usr/bin/cmake --regenerate-during-build -S/src/p -B/src/p/build/cp311-cp311-linux_x86_64
ninja: error: rebuilding 'build.ninja': subcommand failed
Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/_editable_skbc_p.py", line 402, in _run_editable_rebuild
    run_checked(["cmake", "--build", ".", *build_options])
subprocess.CalledProcessError: Command '['cmake', '--build', '.']' returned non-zero exit status 1.
"""
NO_NINJA = """\
No such file or directory
CMake Error: Generator: {}: /home/u/.cache/uv/builds-v0/.tmpuPN4sl/bin/ninja
"""
#: beyond those of the page: text, code, what has to be in what is said of it
MESSAGES = [
    # --- what nvcc or a host compiler says of a source or a header, where nothing more is known
    ('k.cuh(251): error: identifier "dimGrid" is undefined', "source", ("k.cuh", "the source has an error")),
    ("a/b.cu:7:3: error: expected expression", "source", ("b.cu",)),
    (
        'r.cu(337): error: no instance of function template "at::cuda::ATenCeilDiv" matches the argument list',
        "removed-from-torch",
        ("at::cuda::ATenCeilDiv", "int64_t"),
    ),
    (
        "x.cpp:7:3: error: no matching function for call to 'torch::empty(int)'",
        "removed-from-torch",
        ("torch::empty", "as new as this torch"),
    ),
    (
        "/v/lib/python3.12/site-packages/torch/include/ATen/core/a.h:12:3: error: expected ';'",
        "torch-header",
        ("ATen/core/a.h", "NOMINMAX"),
    ),
    (
        "/opt/cuda/targets/x86_64-linux/include/thrust/a.h(7): error: expected an identifier",
        "toolkit-header",
        ("thrust/a.h", "c++17"),
    ),
    (
        r"C:\Program Files\NVIDIA GPU Computing Toolkit\CUDA\v12.8\include\cuda/std/a.h(7): error C2059: syntax error",
        "toolkit-header",
        ("cuda/std/a.h",),
    ),
    ("nvcc: C:\\Program: command not found", "path-blank", (r"C:\Program Files", "PROGRA~1")),
    # --- the driver's errors, by name, number and text
    (
        "RuntimeError: Error while calling cudaGetDevice(&id) in file gpu_data.cpp:178. code: 30, reason: unknown error\n",
        "driver-missing",
        ("does not start CUDA", "nvidia_uvm"),
    ),
    ("CUDA error at a.cu:3 code=999(cudaErrorUnknown)", "driver-missing", ("does not start CUDA",)),
    ("CUDA_ERROR_SYSTEM_NOT_READY: system not yet initialized", "driver-missing", ("nvidia-fabricmanager",)),
    ("cudaErrorSystemDriverMismatch", "driver-mixed", ("restart the machine",)),
    ("CUDA error: PTX JIT compiler library was not found", "driver-mixed", ("libnvidia-ptxjitcompiler.so.1",)),
    ("CUDA error: all CUDA-capable devices are busy or unavailable", "driver-missing", ("compute mode",)),
    ("dlerr: /usr/lib64/libcuda.so.418.74: undefined symbol: cuCtxCreate_v3", "driver-old", ("update the driver",)),
    (
        'a.hpp(1054): error: calling a __device__ function("operator()") from a __host__ function("apply") is not allowed',
        "host-device",
        ("--extended-lambda", "__host__ __device__"),
    ),
    ("zig: error: cannot specify -o when generating multiple output files", "host-compiler-two", ("NVCC_CCBIN=g++",)),
    ("nvcc: x\nerror: [WinError 206] The filename or extension is too long", "path-long", ("260", "TMP")),
    (
        "nvcc -c a.cu\nflash_api.cpp : fatal error C1083: 无法打开编译器生成的文件: “”: Invalid argument",
        "path-long",
        ("260",),
    ),
    (
        "Segmentation fault (core dumped)\nMakefile:185: recipe for target 'obj/k_kernels.o' failed",
        "compiler-crash",
        ("k_kernels.o",),
    ),
    (
        '/usr/lib/gcc/x86_64-linux-gnu/5/include/avx512vlintrin.h(11080): error: argument of type "void *" is incompatible',
        "host-compiler-unsupported",
        ("gcc 5",),
    ),
    (
        "/e/bin/../include/cub/iterator/tex_ref_input_iterator.cuh(96): error: texture is not a template",
        "cub-copy",
        ("older than the nvcc", "one release"),
    ),
    (
        "nvcc k.cu\na.h:45:10: fatal error: filesystem: No such file or directory",
        "host-compiler-old",
        ("<filesystem>",),
    ),
    (
        "nvcc k.cu\nPlease submit a full bug report,\nwith preprocessed source if appropriate.",
        "compiler-crash",
        ("gcc", "MAX_JOBS=1"),
    ),
    (
        "gcc: fatal error: cannot execute ???cc1plus???: execvp: No such file or directory",
        "host-compiler-missing",
        ("g++",),
    ),
    ("Error 'cicc' died with status 0xC0000005 (ACCESS_VIOLATION)", "compiler-crash", ("cicc crashed",)),
    (
        "gcc -I/usr/local/cuda:/include -c a.cpp\na.cpp:1:1: fatal error: cuda.h: No such file or directory",
        "cuda-home-colon",
        ("/usr/local/cuda:",),
    ),
    (
        "nvcc\n'bin' is not recognized as an internal or external command,",
        "host-compiler-missing",
        ("CUDA_HOST_COMPILER",),
    ),
    ("  Failed to detect a default CUDA architecture.", "cuda-unidentified", ("CMake",)),
    # --- programs and packages that look by themselves
    ("RuntimeError: Could not find nvcc\n", "nvcc-not-found", ("CUDA_HOME", "Ray")),
    ("RuntimeError: Could not find CUDA lib directory.", "nvcc-not-found", ("CUDA_HOME",)),
    ("OSError: Unknown compute capability. Specify the target", "architecture-native", ("TCNN_CUDA_ARCHITECTURES=86",)),
    (
        "FileNotFoundError: Could not find module 'C:\\e\\mxnet\\libmxnet.dll' (or one of its dependencies).",
        "library-not-loaded",
        ("libmxnet.dll", "CUDA_PATH"),
    ),
    ("ImportError: libcuml.so: cannot open shared object file", "library-not-loaded", ("RAPIDS",)),
    ("ImportError: \n  Failed to import CuPy.\n", "library-not-loaded", ("CuPy",)),
    ("UserWarning: WARNING: No libcudart.so found! Install CUDA", "library-not-loaded", ("bitsandbytes",)),
    (
        '  File "i.py", line 52, in _load_library\n    so_path = next(so_dir.glob(f"{n}.*.so"))\nStopIteration',
        "extension-not-built",
        ("Transformer Engine",),
    ),
    (
        "error: A URL dependency is incompatible with the current platform: https://e.org/flash_attn-2.8.3-cp312-linux.whl",
        "no-wheel",
        ("flash_attn-2.8.3-cp312-linux.whl",),
    ),
    (
        " python3-pycuda : Depends: libnvidia-compute-435 but it is not going to be installed",
        "apt-missing",
        ("libnvidia-compute-435",),
    ),
    ("[-1] Call to cuInit results in UNKNOWN_CUDA_ERROR", "driver-missing", ("nvidia_uvm",)),
    (
        "Check failed: error == cudaSuccess (8 vs. 0)  invalid device function",
        "no-kernel-image",
        ("no code for this GPU",),
    ),
    ("Check failed: error == cudaSuccess (30 vs. 0)  unknown error", "driver-missing", ("nvidia_uvm",)),
    (
        "Driver does not support the required nvenc API version. Required: 11.1 Found: 11.0",
        "driver-old",
        ("NVENC 11.0", "needs 11.1"),
    ),
    ("Outdated NVIDIA CUDA Toolkit version '10020' detected!", "cuda-too-old", ("hashcat", "10020")),
    ("No CUDA runtime is found, using CUDA_HOME='/c'\n", "torch-no-gpu", ("torch sees no GPU",)),
    (
        "    assert torch.cuda.is_available()\nAssertionError",
        "torch-no-gpu",
        ("torch sees no GPU",),
    ),
    (
        "UserWarning: CUDA initialization: Found no NVIDIA driver on your system. Please check that you have a GPU\n",
        "driver-missing",
        ("not visible",),
    ),
    (
        "  cause: Because you require torch>=2.7.0,<2.8 and torch==2.14.1, we can conclude that your requirements are "
        "unsatisfiable.",
        "torch-pin",
        ("No release is both torch>=2.7.0,<2.8 and torch==2.14.1",),
    ),
    (
        "The conflict is caused by:\n    The user requested nvidia-nccl-cu13==2.28\n    The user requested "
        "nvidia-nccl-cu13==2.29",
        "torch-pin",
        ("nvidia-nccl-cu13==2.28 and nvidia-nccl-cu13==2.29",),
    ),
    (
        "nosuchcc: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.",
        "host-compiler-missing",
        ("names a compiler that does not exist, nosuchcc", "-ccbin, NVCC_CCBIN"),
    ),
    (
        "Could not find compiler set in environment variable CXX:\n\n  nosuchcc.\n\nCMAKE_CUDA_COMPILER not set",
        "stale",
        ("CXX names a compiler that does not exist, nosuchcc", "unset CXX"),
    ),
    ("dso_loader.cc:119] Couldn't open CUDA library cublas64_80.dll", "library-not-loaded", ("cublas64_80.dll", "8.0")),
    # --- of a set that no rule was written for
    (
        "-- Check for working CXX compiler: C:/VS/cl.exe - skipped\nNo CMAKE_CUDA_COMPILER could be found.",
        "nvcc-not-found",
        ("generator is Visual Studio", "CMAKE_GENERATOR to Ninja"),
    ),
    ("/usr/bin/ld: cannot find /opt/i/lib64: file format not recognized", "library-noted", ("-L/opt/i/lib64",)),
    ("cl: error: no such option: -E", "host-compiler-two", ("Python program",)),
    ("meson.build:10:4: ERROR: Include dir /usr/include/cuda does not exist.", "meson-cuda", ("/usr/include/cuda",)),
    ("--   cuDNN             :   Not found\n", "companion-not-found", ("continues without", "CUDNN_LIBRARY")),
    ("    from torch._C import *\nImportError: DLL load failed: %1", "library-not-loaded", ("another release",)),
    ("ModuleNotFoundError: No module named '_C_neuron'", "extension-not-built", ("_C_neuron",)),
    (
        "/usr/include/c++/7/bits/basic_string.tcc:1067:16: error: cannot call member function 'void f()'",
        "host-compiler-unsupported",
        ("gcc 7",),
    ),
    ("Package pytorch-mutex conflicts for:", "conda-pins", ("pytorch-mutex",)),
    (
        ">>> onnxruntime.get_available_providers()\n['AzureExecutionProvider', 'CPUExecutionProvider']\n",
        "library-not-loaded",
        ("no CUDA", "onnxruntime-gpu"),
    ),
    ("ImportError: libcuda.so: cannot open shared object file", "library-not-loaded", ("--gpus all", "a link to it")),
    # --- links
    (
        "make[2]: *** No rule to make target '/usr/lib/libcublas.so/usr/lib/libcublas_device.a', needed by 'lib/x.so'.",
        "library-noted",
        ("join the paths", "/usr/lib/libcublas.so and /usr/lib/libcublas_device.a"),
    ),
    (
        "nvlink error   : Multiple definition of '_Z1fv' in 'a.o', first defined in 'b.o'",
        "device-code",
        ("inline or static",),
    ),
    ("/usr/bin/ld: cannot find -lnppi", "library-missing", ("CUDA 9.0 has dropped it", "-lnppial")),
    ("OpenCV_CUDEV\n    linked by target x", "opencv-cuda", ("built without CUDA", "opencv_contrib")),
    # --- parts that were not compiled, or are not loaded
    (
        "ImportError: cannot import name '_C' from 'p' (/home/u/p/__init__.py)",
        "extension-not-built",
        ("_C", "source folder"),
    ),
    ("ModuleNotFoundError: No module named 'flash_attn_2_cuda'", "extension-not-built", ("flash_attn_2_cuda",)),
    ("nvrtc: error: failed to load builtins", "library-not-loaded", ("libnvrtc-builtins",)),
    ("    from torch._C import *\nImportError: DLL load failed: x", "library-not-loaded", ("VC++",)),
    (
        r'InitError: could not load library "C:\u\.julia\artifacts\8\bin\cupti64_2024.2.1.dll"',
        "library-not-loaded",
        ("Julia does not load", "local_toolkit"),
    ),
    ("NVRM: The NVIDIA probe routine was not called for 3 device(s).", "driver-mixed", ("nouveau",)),
    # --- indexes
    ("Unable to find installation candidates for cuda-python (12.3.0)", "no-wheel", ("Poetry", "cuda-python")),
    ("Call to `wheel_stub.buildapi.build_wheel` failed (exit status: 1)", "no-wheel", ("NVIDIA's index",)),
    (
        "Because wheel was not found in the package registry and you require wheel\nhttps://download.pytorch.org/whl/cu118",
        "torch-index",
        ("no wheel", "explicit = true"),
    ),
    (
        "ERROR: Building with --config=cuda but TensorFlow is not configured to build with GPU support.",
        "bazel-cuda",
        ("TF_NEED_CUDA=1",),
    ),
    # --- packages that look by themselves
    ("Finding cufft\n    ERROR: can't locate lib", "library-not-loaded", ("Numba does not find cufft", "CUDA_HOME")),
    ("OSError: cublas library not found", "library-not-loaded", ("scikit-cuda does not find cublas",)),
    (
        "missing input file 'external/cudnn/include/cudnn.h', owner: '@cudnn//:include/cudnn.h'",
        "bazel-cuda",
        ("repository cudnn has no include/cudnn.h", "new_local_repository"),
    ),
    (
        "An error occurred while installing package 'conda-forge::cudatoolkit-dev-10.0-2'.",
        "conda-name",
        ("holds no toolkit", "cuda-nvcc"),
    ),
    (
        "CUDA_TOOLKIT_ROOT_DIR not found or specified\n",
        "cuda-left-out",
        ("FindCUDA finds no toolkit", "cuda-shims"),
    ),
    ("Building DKMS module 'nvidia-367.35' for kernel-4.7.2_1... FAILED!", "dkms", ("kernel module",)),
    (
        'k.cu(3): error: more than one user-defined conversion from "__half" to "float" applies',
        "half-operators",
        ("5.3", "CMAKE_CUDA_ARCHITECTURES"),
    ),
    # --- pip, uv
    (
        "  cause: Because only cuda-toolkit<=13.5.0 is available and you require cuda-toolkit==14.*, we can conclude",
        "no-such-version",
        ("cuda-toolkit==14.*",),
    ),
    ("No matching distribution found for nvidia-nvvm==99", "no-such-version", ("take cuda-toolkit, which requires",)),
    ("No matching distribution found for nvidia-cublas-cu13==99", "no-such-version", ("cuda-toolkit[cublas]",)),
    (
        "warning: The package `cuda-toolkit==13.0.3.0` does not have an extra named `cudla`",
        "no-such-extra",
        ("13.0.3.0", "cudla", "13.2"),
    ),
    # --- CMake
    *(
        (text, "companion-not-found", (f"CMake does not find {name}.", distribution, "cuda-shims"))
        for text, name, distribution in (
            (
                FIND + 'Could not find a package configuration file provided by "nvcomp"',
                "nvcomp",
                "nvidia-libnvcomp-cu13",
            ),
            (
                "CMake Error at F.cmake:9 (message):\n  Could NOT find CUDNN (missing: CUDNN_X)",
                "CUDNN",
                "nvidia-cudnn-cu13",
            ),
            (
                "-- Could NOT find Nccl (missing: NCCL_LIBRARY)\nCMake Error at F.cmake:9 (message):\n  NCCL is needed",
                "Nccl",
                "nvidia-nccl-cu13",
            ),
        )
    ),
    ('Target "x" links to: CUDNN::cudnn_all but the target was not found.', "target-missing", ("nvidia-cudnn-cu13",)),
    ('Target "x" links to: CUDAToolkit::npps but the target was not found.', "target-missing", ("nvidia-npp",)),
    (
        "CMake Error at F.cmake:9 (message):\n  Could not find nvcc, please set\n  CUDAToolkit_ROOT.",
        "nvcc-not-found",
        (),
    ),
    ("  Specify CUDA_TOOLKIT_ROOT_DIR", "nvcc-not-found", ()),
    (
        (
            "-- Could not find nvcc, please set CUDAToolkit_ROOT.\n"
            'CMake Error:\n  Target "x" links to target "CUDA::cudart" but the target was not found.  Perhaps'
        ),
        "nvcc-not-found",
        (),
    ),
    (
        (
            '-- Could NOT find CUDAToolkit (missing: CUDA_CUDART) (found version "13.5.37")\n'
            '  Target "x" links to:\n\n    CUDA::cudart\n\n  but the target was not found.'
        ),
        "toolkit-incomplete",
        ("CUDA_CUDART",),
    ),
    (
        "Could NOT find CUDA (missing: CUDA_INCLUDE_DIRS CUDA_CUDART_LIBRARY)",
        "toolkit-incomplete",
        ("CUDA_INCLUDE_DIRS",),
    ),
    (
        'Could NOT find CUDAToolkit: Found unsuitable version "13.5.37", but required is exact version "12" (found x)',
        "toolkit-version",
        ("CUDA 12", "no nvcc before CUDA 13"),
    ),
    ('Target "x" links to: CCCL::CCCL but the target was not found.', "target-missing", ("nvidia-cuda-cccl",)),
    ('Target "x" links to: CUDA::nvToolsExt but the target was not found.', "target-missing", ("CUDA::nvtx3",)),
    (
        'Target "x" links to: CUDA::cublas_static but the target was not found.',
        "target-missing",
        ("link to CUDA::cublas",),
    ),
    ('Target "x" links to: CUDA::cuda_driver but the target was not found.', "target-missing", ("stub",)),
    (
        'Target "x" links to: CUDA::nvml but the target was not found.',
        "target-missing",
        ("stub", "[cccl,cudart,nvcc,nvml]"),
    ),
    ('Target "x" links to: CUDA::toolkit but the target was not found.', "target-missing", ()),
    ('Target "x" links to: CUDA::nvtx3 but the target was not found.', "target-missing", ("nvidia-nvtx",)),
    ("cannot find -lCUDA::cublas", "library-missing", ("CMake has no target CUDA::cublas", "nvidia-cublas")),
    (f'{FIND}Could not find a package configuration file provided by "Thrust" with any', "cccl-not-found", ("Thrust",)),
    (
        "Could not find the compiler specified in the environment variable CUDACXX:\n\n  /nope/nvcc.\n",
        "stale",
        ("remove the variable CUDACXX",),
    ),
    (
        "CMAKE_CUDA_ARCHITECTURES:\n\n    70\n\n  do not all work with this compiler.  Try:\n\n    75\n\n  instead.",
        "architecture",
        ("12.9 was the last",),
    ),
    (
        'CMake Error in CMakeLists.txt:\n  CUDA_ARCHITECTURES is set to "native", but no GPU was detected.',
        "architecture-native",
        ("-DCMAKE_CUDA_ARCHITECTURES=80",),
    ),
    # --- Meson, setuptools, torch
    ("nvcc not found: building CPU-only (pure-Python) package.", "nvcc-not-found", ("setup.py",)),
    (
        "UserWarning: CUDA not available ($CUDAHOME/$CUDA_PATH variables missing and nvcc not in path. Skipping",
        "nvcc-not-found",
        ("setup.py",),
    ),
    (
        (
            "ERROR: Dependency lookup for cuda with method 'system' failed: Please specify the desired CUDA Toolkit "
            "version (e.g. dependency('cuda', version : '>=10.1'))"
        ),
        "nvcc-not-found",
        ("CUDA_PATH",),
    ),
    (
        (
            'ERROR: CUDA target "targets/x86_64-linux" does not exist.\n'
            "ERROR: Dependency lookup for cuda failed: Couldn't find requested CUDA module 'cudart_static'"
        ),
        "toolkit-incomplete",
        ("targets/x86_64-linux",),
    ),
    (
        "ERROR: Dependency lookup for cuda with method 'system' failed: Couldn't find requested CUDA module 'cublas'",
        "library-missing",
        ("nvidia-cublas",),
    ),
    ("meson.build:2:28: ERROR: C++ shared or static library 'cublas' not found", "library-missing", ("nvidia-cublas",)),
    ("The nvcc binary could not be located in your $PATH. Either add it", "nvcc-not-found", ("setup.py",)),
    ("CUDA was not found on the system, please set the CUDA_HOME or the CUDA_PATH", "nvcc-not-found", ("+cpu",)),
    ("nvcc was not found. Are you sure your environment has nvcc available?", "nvcc-not-found", ()),
    (
        "FileNotFoundError: nvcc not found at '/usr/local/cuda/bin/nvcc'. Ensure CUDA path",
        "stale",
        ("/usr/local/cuda",),
    ),
    (
        (
            "RuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch "
            "(%s). Please make sure to use the same CUDA versions.', '12.8', '13.2')"
        ),
        "torch-version",
        ("built for CUDA 13.2", "of CUDA 12.8", "==13.2.*"),
    ),
    (
        "The current installed version of g++ (16.1.0) is greater than the maximum required version by CUDA 13.0.",
        "host-compiler-unsupported",
        ("g++ 16.1.0",),
    ),
    # --- compilers
    ("ptxas fatal   : Value 'sm_70' is not defined for option 'gpu-name'", "architecture", ("sm_70",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_101'", "architecture", ("called 110",)),
    ("nvcc fatal   : Unsupported gpu architecture 'sm_107'", "architecture", ("CUDA 13.4 was the first",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_777'", "architecture", ("no release up to",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_120'", "architecture", ("CUDA 12.8 was the first",)),
    (
        "error: -- unsupported clang version! clang version must be less than 23 and",
        "host-compiler-unsupported",
        ("22",),
    ),
    ("error: #error -- unsupported ICC version! Only", "host-compiler-unsupported", ("no ICC.",)),
    (
        (
            "crt/host_config.h(153): fatal error C1189: #error:  -\n- unsupported Microsoft Visual\n Studio "
            "version! Only the versions between 2019 and 2022 (inclusive) are supported!"
        ),
        "host-compiler-unsupported",
        ("this Visual Studio",),
    ),
    (
        "error: Microsoft Visual C++ 14.0 or greater is required. Get it with",
        "host-compiler-missing",
        ("C++ compiler",),
    ),
    (
        "/nope/g++: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.",
        "host-compiler-missing",
        ("/nope/g++", "CUDAHOSTCXX"),
    ),
    ("No CMAKE_CXX_COMPILER could be found.", "host-compiler-missing", ("CMake finds no C++ compiler",)),
    ("error: no member named 'x'\nerror: 'struct cudaDeviceProp' has no member named 'clockRate'", "removed-in-13", ()),
    ("fatal error: helper_cuda.h: No such file or directory", "header-missing", ("samples",)),
    ("fatal error: 'texture_fetch_functions.h' file not found", "header-missing", ("too old",)),
    ("fatal error: thrust/event.h: No such file or directory", "header-missing", ("held it up to CUDA 12.9",)),
    ("fatal error: nccl.h: No such file or directory", "header-missing", ("nvidia-nccl-cu13",)),
    ("fatal error: 'cutensor/types.h' file not found", "header-missing", ("cutensor-cu13",)),
    # --- linkers
    ("error: could not find native static library `cublas`, perhaps an -L flag is missing?", "library-missing", ()),
    ("lld-link: error: could not open 'cudart.lib': no such file or directory", "library-missing", ("cudart.lib",)),
    ("LINK : fatal error LNK1104: cannot open file 'cublas.lib'", "library-missing", ("cublas,",)),
    ("cannot find -lnvToolsExt", "library-missing", ("NVTX 3",)),
    ("cannot find -lcudnn", "library-missing", ("nvidia-cudnn-cu13",)),
    ("cannot find -lcudnn_static", "library-missing", ("link to -lcudnn",)),
    ("undefined reference to `ncclCommInitRank'", "undefined-symbol", ("-lnccl", "nvidia-nccl-cu13")),
    ("undefined reference to `cusparseLtInit'", "undefined-symbol", ("-lcusparseLt", "nvidia-cusparselt-cu13")),
    (
        "ImportError: libcudnn.so.9: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("nvidia-cudnn-cu13", "$ORIGIN/../nvidia/cudnn"),
    ),
    (
        "ImportError: libcublasmp.so.0: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("nvidia-cublasmp-cu13", "$ORIGIN/../nvidia/cublasmp/cu13"),
    ),
    ("cannot find -lnvidia-ml", "library-missing", ("stub",)),
    (
        "k.obj : error LNK2019: unresolved external symbol cudaMalloc referenced in function main",
        "undefined-symbol",
        (),
    ),
    ("undefined reference to `cuInit'", "undefined-symbol", ("CUDA::cuda_driver",)),
    ("undefined reference to `nvmlInit_v2'", "undefined-symbol", ("-lnvidia-ml", "CUDA::nvml")),
    ("nvlink error   : Undefined reference to 'cudaGetParameterBufferV2' in 'k.o'", "device-code", ("cudadevrt",)),
    (
        "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("driver",),
    ),
    # --- programs
    *(
        (text.format("nvcc"), "nvcc-not-found", ("There is no nvcc",))
        for text in (
            "zsh:1: command not found: {}",
            "fish: Unknown command: {}",
            "E: mksh: {}: inaccessible or not found",
            "./build.sh: line 3: {}: command not found",
            "make: {}: No such file or directory",
            "env: \u2018{}\u2019: No such file or directory",
            "FileNotFoundError: [Errno 2] No such file or directory: '{}'",
            "error: command '{}' failed: No such file or directory",
            "error occurred: Failed to find tool. Is `{}` installed?",
            "'{}' is not recognized as an internal or external command,",
            "Could not find NVCC using the following names: {}",
            "meson.build:3:9: ERROR: Program '{}' not found or not executable",
        )
    ),
    ("FileNotFoundError: [Errno 2] No such file or directory: '/usr/local/cuda/bin/nvcc'", "nvcc-not-found", ()),
    ("FileNotFoundError: [Errno 2] No such file or directory: '/sw/cuda/bin/nvcc'", "stale", ("unset the variable",)),
    ("sh: 1: /e/nvidia/cu13/bin/../nvvm/bin/cicc: not found", "stale", ("cicc",)),
    # --- what is rebuilt when it is imported, and came from an isolated build: scikit-build-core 1.1, CMake 3.25
    (
        REBUILT_BY_CMAKE,
        "stale",
        ("overlay/lib/python3.11/", "install it again", "pip install --no-build-isolation -e ."),
    ),
    # the same, for a project that requires ninja; CMake 4.4
    (
        REBUILT_BY_CMAKE.partition("[0/1]")[0] + NO_NINJA.format("build tool execution failed, command was"),
        "stale",
        (".tmpuPN4sl/bin/ninja", f'pip install setuptools "cuda-toolkit[cccl,cudart,nvcc]==13.*" "{catalog.BUNDLE}"'),
    ),
    (NO_NINJA.format("execution of make failed. Make command was"), "stale", ("isolated", "cmake --fresh")),
    (
        "  Running\n\n   '/tmp/build-env-x/bin/ninja' '--version'\n\n  failed with:\n\n   no such file or directory",
        "stale",
        ("/tmp/build-env-x/bin/ninja", "cmake --fresh"),
    ),
    # meson-python 0.22; without isolation, and neither start-up hook nor PATH
    (
        """\
  File "/v/lib/python3.11/site-packages/_heat_editable_loader.py", line 352, in _rebuild
FileNotFoundError: [Errno 2] No such file or directory: '/tmp/pip-build-env-ytljtjqm/overlay/bin/ninja'
""",
        "stale",
        ("overlay/bin/ninja", "pip install --no-build-isolation -e ."),
    ),
    # the same, where ninja is the machine's own
    (
        "[0/1] Regenerating build files\n/bin/sh: 1: /home/u/.cache/uv/builds-v0/.tmpN/bin/meson: not found\n",
        "stale",
        (".tmpN/bin/meson", "cmake --fresh"),
    ),
    (
        """ImportError: rebuilding the "heat" editable package failed
/usr/bin/sccache nvcc -DNDEBUG -I_heat.cpython-311-x86_64-linux-gnu.so.p --std=c++17 -O3 -c ../../src/heat.cu
sccache: error: failed to execute compile
sccache: caused by: cannot find binary path
ninja: build stopped: subcommand failed.""",
        "nvcc-not-found",
        ("There is no nvcc.",),
    ),
    (
        'cuobjdump (cuda-shims): not installed in this environment nor elsewhere on PATH; it is in: pip install "x"',
        "tool-missing",
        ("nvidia-cuda-cuobjdump",),
    ),
    (
        "nvcc (cuda-shims): /x/nvcc and this shim call each other; take one of them off PATH, or install the toolkit",
        "shim",
        ("take one of them off PATH",),
    ),
    # --- the system
    ("g++: fatal error: Killed signal terminated program cc1plus", "out-of-memory", ("killed cc1plus",)),
    ("collect2: fatal error: ld terminated with signal 9 [Killed]", "out-of-memory", ("killed ld",)),
    ("/bin/sh: line 1: 4711 Killed                  nvcc -c k.cu", "out-of-memory", ()),
    ("k.cu(1): fatal error C1060: compiler is out of heap space", "out-of-memory", ()),
    ("error: could not write: Disk quota exceeded", "disk-full", ("quota",)),
    # --- installers, again
    (
        "error: Because nvidia-cudnn-cu12==9.1.0.70 has no wheels with a matching platform tag (e.g., `macosx_14_0_arm64`)",
        "no-wheel",
        ("nvidia-cudnn-cu12==9.1.0.70", "macOS"),
    ),
    (
        "ERROR: nvidia_cublas_cu12-12.4.5.8-py3-none-manylinux2014_x86_64.whl is not a supported wheel on this platform.",
        "no-wheel",
        ("another system",),
    ),
    (
        "RuntimeError: The package you are trying to install is only a placeholder project on PyPI.org repository.",
        "placeholder-wheel",
        ("--extra-index-url",),
    ),
    ("No matching distribution found for nvidia-nccl-cu12==2.21.5", "no-such-version", ("Linux alone", "macOS")),
    (
        "The conflict is caused by:\n    torch 2.11.0 depends on cuda-toolkit==13.0.2\n    The user requested 13.5.*",
        "torch-pin",
        ("torch 2.11.0 requires cuda-toolkit 13.0.2", "13.0"),
    ),
    (
        "Because torch==2.15.0 depends on cuda-toolkit[cublas,cudart]==13.2.2 and you require cuda-toolkit==13.5.0, we",
        "torch-pin",
        ("13.2.2",),
    ),
    (
        "  Installing build dependencies ... done\nModuleNotFoundError: No module named 'torch'",
        "build-module",
        ("no torch", '"torch"', "--no-build-isolation"),
    ),
    # --- CMake, again
    (
        "Could not find `nvcc` executable in path specified by variable\n  CUDAToolkit_ROOT=/opt/none",
        "nvcc-not-found",
        ("/opt/none", "unset CUDAToolkit_ROOT"),
    ),
    (
        "CMake Error at C.cmake:90 (message):\n  Your installed Caffe2 version uses CUDA but I cannot find the CUDA libraries.",
        "torch-cmake",
        ("torch's CMake package",),
    ),
    (
        '-- Could NOT find CUDA (missing: CUDA_INCLUDE_DIRS) (found version "12.4")\nCMake Error at C.cmake:90 (message):\n'
        "  Your installed Caffe2 version uses CUDA but I cannot find the CUDA libraries.",
        "toolkit-incomplete",
        ("CUDA_INCLUDE_DIRS",),
    ),
    (
        "CUDA_TOOLKIT_ROOT_DIR not found or specified\nCMake Error at C.cmake:90 (message):\n"
        "  Your installed Caffe2 version uses CUDA but I cannot find the CUDA libraries.",
        "nvcc-not-found",
        ("no toolkit",),
    ),
    (
        "Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR CUDA_NVCC_EXECUTABLE CUDA_INCLUDE_DIRS)",
        "nvcc-not-found",
        ("no toolkit",),
    ),
    (
        "FindCUDA says CUDA version is 12.1 (usually determined by nvcc), but the CUDA headers say the version is 11.8.",
        "version-mismatch",
        ("12.1", "11.8"),
    ),
    (
        "FindCUDA says CUDA version is (usually determined by nvcc), but the CUDA headers say the version is 9.0.",
        "version-mismatch",
        ("no release", "9.0."),
    ),
    (FIND + 'By not providing "FindCUDAToolkit.cmake" in CMAKE_MODULE_PATH', "cmake-version", ("3.17",)),
    (
        FIND.replace("Error", "Warning") + 'By not providing "FindCUDAToolkit.cmake" in\nerror: it failed',
        "cmake-version",
        ("cmake>=3.17",),
    ),
    (
        'CMake Error in CMakeLists.txt:\n  Target "k" requires the language dialect "CUDA17" (with compiler extensions).',
        "cuda-standard",
        ("C++17", "CUDA 11.0", "3.18"),
    ),
    (
        '-- The CUDA compiler identification is NVIDIA 12.4.99\nTarget "k" requires the language dialect "CUDA20" , but',
        "cuda-standard",
        ("3.25",),
    ),
    (
        '-- The CUDA compiler identification is NVIDIA 11.4.99\nTarget "k" requires the language dialect "CUDA20" , but',
        "cuda-standard",
        ("CUDA 11.4", "CUDA 12.0"),
    ),
    (
        'CUDA_CUDA_LIBRARY (ADVANCED)\n    linked by target "x" in directory /src',
        "cmake-variable",
        ("libcuda.so", "stubs"),
    ),
    (
        'CUDA_cublas_device_LIBRARY (ADVANCED)\n    linked by target "x" in directory /src',
        "cmake-variable",
        ("CUDA 10.0 has dropped",),
    ),
    ('CUDNN_LIBRARY\n    linked by target "x" in directory /src', "cmake-variable", ("nvidia-cudnn-cu13",)),
    ('CUDA_cufft_LIBRARY\n    linked by target "x" in directory /src', "cmake-variable", ("incomplete",)),
    ("CUDA_TOOLKIT_INCLUDE (ADVANCED)\n   used as include directory in directory /src", "nvcc-not-found", ()),
    ("/usr/bin/ld: cannot find -lCUDA_CUDA_LIBRARY-NOTFOUND", "library-missing", ("libcuda.so",)),
    (
        'The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        "target-missing",
        ("add_library(CUDA::nvToolsExt INTERFACE IMPORTED)",),
    ),
    (
        '/usr/share/cmake-3.16/Modules/FindCUDA.cmake:9\nTarget "x" links to target "CUDA::cublas" but the target was not found',
        "target-missing",
        ("cmake>=3.17",),
    ),
    (
        "CMake Error: Could NOT find TensorRT (missing: X)".replace(": C", ":\n  C"),
        "other-software",
        ("not a part of CUDA",),
    ),
    (
        FIND + 'Could not find a package configuration file provided by "TensorRT"',
        "other-software",
        ("libnvinfer-dev",),
    ),
    ("fatal error: NvInfer.h: No such file or directory", "other-software", ("libnvinfer-dev",)),
    ("fatal error: THC/THC.h: No such file or directory", "other-software", ("1.11",)),
    ("fatal error: cutlass/numeric_types.h: No such file or directory", "other-software", ("git submodule",)),
    ("/usr/bin/ld: cannot find -lnvinfer", "other-software", ("TensorRT",)),
    (
        '  Could NOT find CUDNN: Found unsuitable version "8.9.7", but required is at least "9"',
        "companion-not-found",
        ("CUDNN 9", "8.9.7"),
    ),
    (
        "Caffe2: Cannot find cuDNN library.  Turning the option off\nCMake Error at C.cmake:3 (message):\n  no cuDNN",
        "companion-not-found",
        ("nvidia-cudnn-cu13",),
    ),
    (
        "-- The CUDA compiler identification is unknown\nCMake Error: it failed",
        "cuda-unidentified",
        ("CMakeConfigureLog",),
    ),
    (
        '  The CUDA compiler\n\n    "/opt/cuda/bin/nvcc"\n\n  is not able to compile a simple test program.',
        "cuda-unidentified",
        ("host compiler",),
    ),
    (
        'Compiling the CUDA compiler identification source file "CMakeCUDACompilerId.cu" failed.',
        "cuda-unidentified",
        ("doctor --log",),
    ),
    (
        "-- Looking for a CUDA compiler - NOTFOUND\nCMake Error at CMakeLists.txt:6 (message):\n  CUDA was not found",
        "cuda-unidentified",
        ("CMAKE_CUDA_COMPILER",),
    ),
    (
        "CMake Error at CMakeLists.txt:6 (message):\n  Could not find CUDA, which is needed",
        "cuda-asked",
        ("cuda-shims",),
    ),
    ("CMake Error at g.cmake:6 (message):\n  CUDA Toolkit not found\n", "cuda-asked", ()),
    (
        "CMake Warning at CMakeLists.txt:6 (message):\n  cuBLAS not found\nerror: it failed",
        "cuda-left-out",
        ("leave it out",),
    ),
    (
        "CUDA enabled but no NVIDIA GPU architecture currently enabled and auto-detection failed.",
        "architecture-native",
        ("Kokkos_ARCH",),
    ),
    (
        'k.vcxproj(31,5): error MSB4019: The imported project "C:\\VS\\BuildCustomizations\\CUDA 11.8.props" was not found.',
        "toolset",
        ("CUDA 11.8", "CMAKE_GENERATOR=Ninja"),
    ),
    (
        "error : The CUDA Toolkit v12.1 directory '' does not exist. Please verify the CUDA Toolkit is installed properly",
        "toolset",
        ("CUDA 12.1",),
    ),
    # --- torch and what builds with it, again
    (
        '    [cuda_dir + "/bin/nvcc", "-V"], universal_newlines=True)\n'
        "TypeError: unsupported operand type(s) for +: 'NoneType' and 'str'",
        "nvcc-not-found",
        ("torch finds no toolkit",),
    ),
    ("NameError: name 'bare_metal_version' is not defined", "nvcc-not-found", ()),
    (
        "op_builder.builder.MissingCUDAException: CUDA_HOME does not exist, unable to compile CUDA op(s)",
        "nvcc-not-found",
        (),
    ),
    ("AssertionError: CUDA_HOME is not set", "nvcc-not-found", ()),
    ("RuntimeError: Could not find nvcc and default cuda_home='/usr/local/cuda' doesn't exist", "nvcc-not-found", ()),
    ("RuntimeError: mamba_ssm is only supported on CUDA 11.6 and above.", "cuda-too-old", ("mamba_ssm", "CUDA 11.6")),
    (
        "Installed CUDA version 12.1 does not match the version torch was compiled with 13.0, unable to compile cuda/cpp",
        "torch-version",
        ("CUDA 13.0", "CUDA 12.1"),
    ),
    (
        "that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 11.7.",
        "torch-version",
        ("CUDA 11.7", "another release"),
    ),
    (
        "    cuda = parse(torch.version.cuda)\nTypeError: expected string or bytes-like object",
        "torch-cpu",
        ("only for CPUs",),
    ),
    (
        "subprocess.CalledProcessError: Command '['where', 'cl']' returned non-zero exit status 1.",
        "host-compiler-missing",
        ("cl.exe",),
    ),
    # --- cargo, Bazel and others, again
    (
        'panicked: Unable to find `include/cuda.h` under any of: ["/usr"]. Set the',
        "nvcc-not-found",
        ("cudarc", "CUDA_PATH"),
    ),
    ("Failed to execute `nvcc`: Os { code: 2, kind: NotFound }", "nvcc-not-found", ("cudarc finds no nvcc",)),
    (
        "nvcc failed to start. Ensure that you have CUDA installed and that `nvcc` is in your PATH.",
        "nvcc-not-found",
        (),
    ),
    ("thread 'main' panicked: Could not find a cuda installation", "nvcc-not-found", ("find_cuda_helper",)),
    ("`nvidia-smi` failed. Ensure that you have CUDA installed", "architecture-native", ("CUDA_COMPUTE_CAP",)),
    ("nvcc cannot target gpu arch 120. Available nvcc targets are [50, 90].", "architecture", ("CUDA 12.8",)),
    ("Cuda Configuration Error: Cannot find cudnn.h under /usr", "bazel-cuda", ("cudnn.h", "TF_CUDA_PATHS")),
    ("Could not find any cuda.h matching version '12' in any subdirectory:", "bazel-cuda", ("cuda.h",)),
    ("ERROR: Config value 'cuda' is not defined in any .rc file", "bazel-cuda", ("./configure",)),
    (
        "ERROR: No matching toolchains found for types @@rules_cuda+//cuda:toolchain_type.",
        "nvcc-not-found",
        ("rules_cuda",),
    ),
    # --- compilers, again
    ("nvcc fatal   : Unsupported gpu architecture 'compute_native'", "architecture", ("3.24",)),
    ("nvcc fatal   : Value 'native' is not defined for option 'gpu-architecture'", "architecture", ("CUDA 11.6",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_120f'", "architecture", ("CUDA 12.9 was the first",)),
    (
        "Cuda compilation tools, release 11.6, V11.6.124\nnvcc fatal   : Unsupported gpu architecture 'compute_89'",
        "architecture",
        ("CUDA 11.8 was the first", "80, 86, 87"),
    ),
    (
        "/usr/local/cuda-12.2/bin/nvcc k.cu\nnvcc fatal   : Unsupported gpu architecture 'compute_35'",
        "architecture",
        ("CUDA 11.8 was the last", "50, 52"),
    ),
    (
        "nvcc fatal   : Unknown option '--generate-dependencies-with-compile'",
        "nvcc-option",
        ("CUDA 10.2 was the first",),
    ),
    ("nvcc fatal   : Unknown option '--something-of-its-own'", "nvcc-option", ("if it is one of the host",)),
    ("nvcc fatal   : Value 'c++20' is not defined for option 'std'", "cuda-standard", ("CUDA 12.0",)),
    (
        "ATen/ATen.h:4:2: error: #error C++20 or later compatible compiler is required to use ATen.",
        "cuda-standard",
        ("-std=c++20", "torch<2.14"),
    ),
    ("error: #error You need C++17 to compile PyTorch", "cuda-standard", ("-std=c++17",)),
    (
        "ptxas /tmp/x.ptx, line 94; error   : Instruction 'cp.async' requires .target sm_80 or higher",
        "architecture-low",
        ("sm_80",),
    ),
    ("error   : Instruction 'wgmma.fence' not supported on .target 'sm_90'", "architecture-low", ("sm_90a",)),
    (
        'error: no instance of overloaded function "atomicAdd" matches the argument list\n'
        "            argument types are: (double *, double)",
        "architecture-low",
        ("6.0",),
    ),
    (
        "nvcc fatal   : A single input file is required for a non-link phase when an outputfile is specified",
        "nvcc-path",
        ("blank",),
    ),
    (
        "error: #error -- unsupported GNU version! gcc 4.9 and up are not supported!",
        "host-compiler-unsupported",
        ("gcc 4.9 or newer",),
    ),
    (
        "nvcc fatal   : nvcc cannot find a supported version of Microsoft Visual Studio. Only the versions 2012, 2013, 2015 "
        "and 2017 are supported",
        "host-compiler-unsupported",
        ("2012 to 2017",),
    ),
    (
        'static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 12.4 or newer."',
        "host-compiler-unsupported",
        ("CUDA 12.4 or later", "-vcvars_ver"),
    ),
    (
        "nvcc fatal   : Could not set up the environment for Microsoft Visual Studio using 'vcvars64.bat'",
        "host-compiler-missing",
        ("Native Tools",),
    ),
    ("nvcc fatal   : Host compiler targets unsupported OS.", "host-compiler-missing", ("32 bits",)),
    ('"C:\\VS\\vcvarsall.bat" x86_amd64 && set\' returned non-zero exit status 255.', "host-compiler-missing", ()),
    ("LINK : fatal error LNK1158: cannot run 'rc.exe'", "host-compiler-missing", ("Windows SDK",)),
    (
        "RuntimeError: Failed to find C compiler. Please specify via CC environment variable.",
        "host-compiler-missing",
        ("Triton",),
    ),
    (
        "The current installed version of g++ (4.8.5) is less than the minimum required version by CUDA 11.4 (6.0.0).",
        "host-compiler-old",
        ("g++ 4.8.5", "6.0.0"),
    ),
    (
        'error: #error "You\'re trying to build PyTorch with a too old version of GCC. We need GCC 9 or later."',
        "host-compiler-old",
        ("GCC", "9 or later"),
    ),
    ("CMake wants to use -std=c++1y which is not supported by NVCC.", "host-compiler-old", ("NVCC_WRAPPER",)),
    ("Your compiler (c++ 4.8.5) may be ABI-incompatible with PyTorch!\nerror: it failed", "host-compiler-old", ()),
    (
        '/usr/lib/gcc/x86_64-linux-gnu/13/include/amxtileintrin.h(42): error: identifier "__builtin_ia32_x" is undefined',
        "host-compiler-unsupported",
        ("gcc 13", "CUDA 12.8"),
    ),
    (
        "/usr/include/c++/11/bits/std_function.h:435:145: error: parameter packs not expanded with \u2018...\u2019:",
        "host-compiler-unsupported",
        ("gcc 11", "g++-10"),
    ),
    (
        '/usr/include/aarch64-linux-gnu/bits/math-vector.h(96): error: identifier "__Float32x4_t" is undefined',
        "glibc-too-new",
        ("C library",),
    ),
    (
        '/usr/include/bits/mathcalls.h(101): error: identifier "_Float32" is undefined',
        "host-compiler-unsupported",
        ("gcc 13",),
    ),
    (
        "nvcc fatal   : The version ('90000') of the host compiler ('Apple clang') is not supported",
        "host-compiler-unsupported",
        ("Xcode",),
    ),
    (
        "nvcc -ccbin=$(which gcc-7) -c k.cu\nNo such file or directory\n"
        "nvcc fatal   : Failed to preprocess host compiler properties.",
        "host-compiler-missing",
        ("gcc-7",),
    ),
    (
        "error: #error The version of CUB in your include path is not compatible with this release of Thrust.",
        "cub-copy",
        (),
    ),
    ("fatal error C1189: #error:  MSVC/cl.exe with traditional preprocessor is used.", "msvc-preprocessor", ("/Zc:",)),
    ('error: namespace "cub" has no member "CountingInputIterator"', "removed-in-13", ("CountingInputIterator",)),
    (
        "error: \u2018TransformInputIterator\u2019 is not a member of \u2018cub\u2019",
        "removed-in-13",
        ("TransformInput",),
    ),
    ('error: identifier "cudaThreadSynchronize" is undefined', "removed-in-13", ("cudaDeviceSynchronize",)),
    (
        'error: argument of type "int" is incompatible with parameter of type "cudaMemLocation"',
        "removed-in-13",
        ("cudaMemLocationTypeDevice",),
    ),
    (
        'error: no suitable constructor exists to convert from "int" to "cudaMemLocation"',
        "removed-in-13",
        ("cudaMemLocationTypeDevice",),
    ),
    ('error: identifier "cudaBindTexture" is undefined', "removed-in-12", ("cudaCreateTextureObject",)),
    ("error: texture is not a template", "removed-in-12", ("texture",)),
    (
        "error: \u2018CUDNN_CONVOLUTION_FWD_SPECIFY_WORKSPACE_LIMIT\u2019 was not declared in this scope",
        "removed-in-cudnn",
        ("cuDNN 8",),
    ),
    ("error: \u2018AT_CHECK\u2019 was not declared in this scope", "removed-from-torch", ("TORCH_CHECK",)),
    (
        'error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
        "removed-from-torch",
        ("scalar_type()",),
    ),
    ('error: identifier "__shfl_down" is undefined', "removed-warp", ("_sync",)),
    (
        'nvcc -D__CUDA_NO_HALF_OPERATORS__ k.cu\nerror: more than one conversion function from "const __half" to a built-in '
        "type applies:",
        "half-operators",
        ("-U__CUDA_NO_HALF_OPERATORS__",),
    ),
    (
        "clang++: error: GPU arch sm_35 is supported by CUDA versions between 7.0 and 11.8 (inclusive), but installation at "
        "/usr/local/cuda is 12.0",
        "clang-cuda",
        ("sm_35", "11.8", "12.0"),
    ),
    # --- linkers and loaders, again
    (
        "/usr/bin/ld: warning: libcuda.so.1, needed by libk.so, not found (try using -rpath or -rpath-link)\n"
        "libk.so: undefined reference to `cuCtxGetCurrent'",
        "library-needed",
        ("driver", "--allow-shlib-undefined"),
    ),
    (
        "k.o: relocation truncated to fit: R_X86_64_PC32 against symbol `__nv_fatbin_x' defined in .nv_fatbin section in k.o",
        "binary-too-large",
        ("-compress-all",),
    ),
    (
        "ImportError: /v/nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkComplete_12_4, version "
        "libnvJitLink.so.12",
        "library-mixed",
        ("libnvJitLink.so.12", "LD_LIBRARY_PATH"),
    ),
    (
        "ImportError: /v/k/_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3c106detail14torchCheckFailEPKc",
        "library-mixed",
        ("this torch",),
    ),
    (
        "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("CUDA 12", "nvidia-cuda-runtime-cu12"),
    ),
    (
        "OSError: libcublas.so.10.0: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("CUDA 10.0",),
    ),
    ("numba.cuda.cudadrv.error.NvvmSupportError: libNVVM cannot be found.", "library-not-loaded", ("nvidia-nvvm",)),
    (
        "ImportError: /lib/libc.so.6: version `GLIBC_2.32' not found (required by /v/flash_attn_2_cuda.so)",
        "glibc-too-old",
        ("GLIBC_2.32",),
    ),
    (
        "ImportError: /home/me/.cache/torch_extensions/py310_cu118/k/k.so: cannot open shared object file: No such file",
        "extension-not-built",
        ("extension k",),
    ),
    # --- shells, again
    ("/usr/local/cuda/bin/nvcc: cannot execute binary file: Exec format error", "other-processor", ("AArch64",)),
    ("/bin/sh: 1: -gencode: not found", "nvcc-empty", ("make NVCC=nvcc",)),
    ("error: command ':/usr/local/cuda/bin/nvcc' failed with exit status 1", "cuda-home-colon", ("colon",)),
    # --- systems' packages and images
    (
        "W: GPG error: The following signatures couldn't be verified: NO_PUBKEY A4B469963BF863CC",
        "apt-key",
        ("cuda-keyring",),
    ),
    ("E: Unable to locate package cuda-toolkit-12-4", "apt-missing", ("cuda-toolkit-12-4",)),
    ("manifest for nvidia/cuda:11.0-base not found: manifest unknown", "image-gone", ("11.0-base",)),
    # --- further messages of the same programs
    ("make: nvcc: Command not found", "nvcc-not-found", ("There is no nvcc",)),
    ("/usr/bin/which: no nvcc in (/usr/bin:/bin)", "nvcc-not-found", ()),
    ("OSError: [Errno 8] Exec format error: '/usr/local/cuda/bin/nvcc'", "other-processor", ("AArch64",)),
    ("g++: internal compiler error: Killed (program cc1plus)", "out-of-memory", ("killed cc1plus",)),
    ("nvcc error   : 'cudafe++' died with status 0xC0000005 (ACCESS_VIOLATION)", "compiler-crash", ("cudafe++",)),
    ("Missing variable is:\nCMAKE_CUDA_COMPILE_OBJECT\nerror: it failed", "cuda-unidentified", ()),
    ("CMake Error: CMAKE_CUDA_COMPILER not set, after EnableLanguage", "nvcc-not-found", ()),
    ('CUDA language not currently supported by "Xcode" generator', "toolset", ("Xcode", "Ninja")),
    (
        "Could not find compiler set in environment variable CUDAHOSTCXX:\n\n  /nope/g++.\n",
        "stale",
        ("unset CUDAHOSTCXX",),
    ),
    (
        "CMAKE_CUDA_ARCHITECTURES:\n\n    8.6\n\n  is not one of the following:",
        "architecture",
        ("8.6", "without a dot"),
    ),
    (
        "OSError: Unknown compute capability. Ensure PyTorch with CUDA support is installed.",
        "architecture-native",
        ("TCNN",),
    ),
    (
        "CUDA backend for DNN module requires CC 5.3 or higher.  Please remove",
        "architecture-low",
        ("5.3", "CUDA_ARCH_BIN"),
    ),
    (
        "CUDA: OpenCV requires enabled 'cudev' module from 'opencv_contrib' repository",
        "other-software",
        ("OPENCV_EXTRA_MODULES_PATH",),
    ),
    (
        "ERROR: nvenc requested, but not all dependencies are satisfied: ffnvcodec",
        "other-software",
        ("nv-codec-headers",),
    ),
    ("LLAMA_CUBLAS is deprecated and will be removed in the future.", "option-renamed", ("GGML_CUDA",)),
    ('CMake was unable to find a build program corresponding to "Ninja".', "ninja-missing", ("ninja",)),
    ("RuntimeError: Ninja is required to load C++ extensions", "ninja-missing", ()),
    ("configure: error: CUDA toolkit not found", "cuda-asked", ("configure finds no CUDA",)),
    ("FileNotFoundError: Could not find NVCC executable", "nvcc-not-found", ()),
    ("Exception: Your CUDA environment is invalid. Please check above error log.", "nvcc-not-found", ("CuPy",)),
    ("AssertionError: Torch not compiled with CUDA enabled", "torch-cpu", ("only for CPUs",)),
    ("Inconsistent CUDA toolkit path: /usr vs /usr/lib", "bazel-cuda", ("/usr vs /usr/lib",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_8.6'", "architecture", ("compute_86 in its place",)),
    (
        "c++0x_warning.h:32:2: error: #error This file requires compiler and library support for the ISO C++ 2011 standard.",
        "cuda-standard",
        ("-std=c++11",),
    ),
    ("error: Unable to find vcvarsall.bat", "host-compiler-missing", ("C++ compiler",)),
    (
        "nvcc -c k.cu\ncc1plus: error: unrecognized command line option '-std=c++17'",
        "host-compiler-old",
        ("-std=c++17",),
    ),
    (
        "/usr/include/string.h:652:42: error: 'memcpy' was not declared in this scope",
        "glibc-too-new",
        ("-D_FORCE_INLINES",),
    ),
    ('error: identifier "cusparseScsrmm2" is undefined', "removed-in-11", ("cusparseSpMM",)),
    (
        "/usr/bin/ld: skipping incompatible /opt/cuda/lib/libcudart.so when searching for -lcudart\n"
        "/usr/bin/ld: cannot find -lcudart",
        "library-incompatible",
        ("lib64",),
    ),
    (
        "libcudart_static.a(cudart_static.o): in function `f':\nx.c:(.text+0x1): undefined reference to `dlopen'",
        "undefined-symbol",
        ("-ldl -lrt -lpthread",),
    ),
    # --- what runs: the loader, the driver, the GPU
    *(
        (text, "library-not-loaded", (name, by))
        for text, name, by in (
            (
                "Failed to load library libx.so with error: libcublasLt.so.12: cannot open shared object file: No such file",
                "libcublasLt.so.12",
                "nvidia-cublas-cu12",
            ),
            (
                "Could not load library libcudnn_ops_infer.so.8. Error: libcudnn_ops_infer.so.8: cannot open shared object file",
                "libcudnn_ops_infer.so.8",
                "cuDNN 8",
            ),
            (
                "OSError: cannot load library 'librmm.so': libcudart.so.9.2: cannot open shared object file: No such file",
                "libcudart.so.9.2",
                "CUDA 9.2",
            ),
            ("RuntimeError: Library libcublas.so.12 is not found or cannot be loaded", "libcublas.so.12", "CUDA 12"),
            (
                "Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9.1, libcudnn_ops.so.9, libcudnn_ops.so}",
                "libcudnn_ops.so.9",
                "for a program of CUDA 12: nvidia-cudnn-cu12",
            ),
            (
                "Could not dlopen library 'libcudnn.so.7'; dlerror: libcudnn.so.7: cannot open shared object file",
                "libcudnn.so.7",
                "cuDNN 7",
            ),
            (
                "Could not load dynamic library 'libcublas.so.10'; dlerror: libcublas.so.10: cannot open shared object file",
                "libcublas.so.10",
                "10.1 or 10.2",
            ),
            ("FileNotFoundError: Could not find module 'nvrtc64_120_0.dll' (or one of", "nvrtc64_120_0.dll", "12.0"),
            (
                "Could not locate cudnn_ops_infer64_8.dll. Please make sure it is in",
                "cudnn_ops_infer64_8.dll",
                "cuDNN 8",
            ),
            ("RuntimeError: Unable to load cuSPARSE. Is it installed?", "cuSPARSE", "LD_LIBRARY_PATH"),
            ("nvrtc: error: failed to open libnvrtc-builtins.so.12.1.", "libnvrtc-builtins.so.12.1", "NVRTC's release"),
            (
                "ImportError: libc10_cuda.so: cannot open shared object file: No such file",
                "libc10_cuda.so",
                "import torch",
            ),
        )
    ),
    (
        "W tensorflow/x.cc:64] Could not load dynamic library 'cudart64_110.dll'; dlerror: cudart64_110.dll not found\nI: on",
        "library-not-loaded",
        ("cudart64_110.dll", "11.0"),
    ),
    (
        "OSError: /v/libcublas.so.11: symbol free_gemm_select version libcublasLt.so.11 not defined in file libcublasLt.so.11",
        "library-mixed",
        ("libcublas.so.11 does not find free_gemm_select in libcublasLt.so.11", "LD_LIBRARY_PATH"),
    ),
    (
        "Could not load library a.so.8. Error: /v/libcudnn_a.so.8 :undefined symbol: _ZN5cudnn , version libcudnn_b.so.8",
        "library-mixed",
        ("libcudnn_a.so.8 does not find _ZN5cudnn in libcudnn_b.so.8",),
    ),
    ("torch_scatter/_version_cuda.so: undefined symbol: _ZN5torch3jit17parse", "library-mixed", ("does not fit this",)),
    (
        "python: /u/libcusparse.so.12: no version information available (required by /v/libtorch_cuda.so)",
        "library-mixed",
        ("/v/libtorch_cuda.so finds a libcusparse.so.12 of another release",),
    ),
    *(
        (text, "library-mixed", ("cuDNN that is loaded is older",))
        for text in (
            "PyTorch was compiled  against (8, 7, 0) but found runtime version (8, 5, 0)",
            "Loaded runtime CuDNN library: 8.0.5 but source was compiled with: 8.1.0.",
        )
    ),
    (
        "has constraint __cuda >=11.0 conflicting with __cuda-10.2-0",
        "driver-old",
        ("CUDA 11.0 or later", "supports CUDA 10.2"),
    ),
    ("I tf: Could not find cuda drivers on your machine, GPU will not be used.\n", "driver-missing", ("nvidia-smi",)),
    ("nvrtc: error: invalid value for --gpu-architecture (-arch)", "architecture", ("NVRTC", "12.8")),
    ("W tf: Couldn't invoke ptxas --version", "tool-missing", ("ptxas",)),
    (
        "Could not find the bitsandbytes CUDA binary at PosixPath('/v/libbitsandbytes_cuda124.so')",
        "extension-not-built",
        ("bitsandbytes", "BNB_CUDA_VERSION"),
    ),
    # --- further kinds
    (
        "E triton: ptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'",
        "architecture",
        ("TRITON_PTXAS_PATH", "12.9"),
    ),
    (
        "error: #error -- unsupported GNU version! gcc 4.5 and up are not supported!",
        "host-compiler-unsupported",
        ("no gcc 4.5 or newer", "older g++"),
    ),
    ("FileNotFoundError: [Errno 2] No such file or directory: 'ninja': 'ninja'", "ninja-missing", ("ninja",)),
    ("/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found", "cuda-home-colon", ("CUDA_HOME=/usr/local/cuda",)),
    ("CMake Error at x (message):\n  Failed to find a working CUDA architecture.", "cuda-unidentified", ("--log",)),
    ("Please set VTKm_CUDA_Architecture manually.", "architecture-native", ("-DVTKm_CUDA_Architecture",)),
    ("nvcc fatal   : redefinition of argument 'std'", "nvcc-option", ("-std twice",)),
    ("nvcc fatal   : Don't know what to do with '-lfoo'", "nvcc-path", ("-lfoo", "-Xlinker")),
    ('error: identifier "csrsv2Info_t" is undefined', "removed-in-12", ("csrsv2Info_t", "CUDA 12")),
    ("error: 'CUBLAS_COMPUTE_32F' was not declared in this scope", "cuda-too-old", ("CUBLAS_COMPUTE_32F", "11.0")),
    ('error: identifier "CUDA_R_8F_E4M3" is undefined', "cuda-too-old", ("CUDA 11.8 was the first",)),
    (
        "nvidia-cuda-nvcc 13.5 error\ntorch 2.1.0 requires nvidia-cudnn-cu12==8.9.2.26; sys == 'x', but you have nvidia-cudnn-cu12"
        " 9.1.0.70 which is incompatible.",
        "torch-pin",
        ("torch 2.1.0 requires nvidia-cudnn-cu12==8.9.2.26", "9.1.0.70"),
    ),
    ("  - pytorch 1.0.1* -> cudatoolkit >=10.0.130,<10.1.0a0", "conda-pins", ("pytorch 1.0.1*", "cudatoolkit >=10.0")),
    (
        "ERROR: flash_attn-2.7.4.post1+cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl is not a supported wheel on this"
        " platform.",
        "no-wheel",
        ("flash_attn-2.7.4",),
    ),
    (
        "E: Package 'nvidia-cuda-toolkit' has no installation candidate",
        "apt-missing",
        ("nvidia-cuda-toolkit", "non-free"),
    ),
    (
        "  Failed to build `k @ file:///k`\n  ├─▶ The build backend returned an error\n"
        "      ModuleNotFoundError: No module named 'torch'",
        "build-module",
        ("torch", "build-system.requires"),
    ),
    ("/usr/bin/ld: undefined reference to `cublasCreate_v2@libcublas.so.11'", "undefined-symbol", ("cublasCreate_v2",)),
    ("'cudaDeviceProp' {aka 'struct cudaDeviceProp'} has no member named 'clockRate'", "removed-in-13", ("clockRate",)),
    (
        "nvcc fatal: A single input file is required for a non-link phase when an outputfile is specified",
        "nvcc-path",
        ("second file",),
    ),
    ("nvcc fatal   : Unknown option 'std'", "nvcc-option", ("CUDA 7.0 was the first",)),
    (
        "/x/gcc-14/include/c++/14-20241116/type_traits(3262): error: type name is not allowed",
        "host-compiler-unsupported",
        ("gcc 14",),
    ),
    ('Error: Internal Compiler Error (codegen): "there was an error"', "compiler-crash", ("internal error",)),
    (
        "torch/utils/cpp_extension.py:359: UserWarning: Error checking compiler version for cl: [WinError 2] x",
        "host-compiler-missing",
        ("cl.exe",),
    ),
    ("[1/11] :/usr/local/cuda-12.8/bin/nvcc -c k.cu", "cuda-home-colon", (":/usr/local/cuda-12.8",)),
    (
        "Can not find library: libcublas.so. The process maybe hang.",
        "library-not-loaded",
        ("lib64", "$(cuda-shims root)/lib"),
    ),
    (
        "Cannot load cudnn shared library. Cannot invoke method cudnnGetVersion.",
        "library-not-loaded",
        ("PaddlePaddle",),
    ),
    ("Failed to create CUDAExecutionProvider.", "library-not-loaded", ("ONNX Runtime", "preload_dlls")),
    (
        "Because there is no version of nvidia-cudnn-cu12{platform_machine == 'x'}==9.1 and torch==2.4.1 depends on",
        "no-such-version",
        ("no nvidia-cudnn-cu12 where",),
    ),
    ("Unable to find installation candidates for nvidia-cudnn-cu11", "no-such-version", ("nvidia-cudnn-cu11",)),
    ("CUDA compiler does not seem to be functional.", "cuda-unidentified", ("--log",)),
    (
        "Distribution `torch==2.5.1+cu121 @ registry+https://index.example/whl/cu121` can't be installed because it doesn't"
        " have a source distribution or wheel for the current platform",
        "torch-index",
        ("no wheel of torch==2.5.1+cu121",),
    ),
    ("RuntimeError: Torch is not able to use GPU; add --skip", "torch-cpu", ("torch.version.cuda",)),
    (
        "/usr/include/stdc-predef.h:40:1: fatal error: cuda_runtime.h: No such file or directory",
        "nvcc-link",
        ("a link or a copy",),
    ),
    ("Found GPU0 Tesla K40c which is of cuda capability 3.5.", "no-kernel-image", ("compute capability 3.5",)),
    ("RuntimeError: FlashAttention only supports Ampere GPUs or newer.", "no-kernel-image", ("FlashAttention", "sdpa")),
    (
        "RuntimeError: Expected is_sm90 || is_sm8x || is_sm75 to be true, but got false.",
        "no-kernel-image",
        ("FlashAttention",),
    ),
    (
        "libstdc++.so.6: version GLIBCXX_3.4.29 not found (required by .cache/torch_extensions/k/k.so)",
        "glibc-too-old",
        ("GLIBCXX_3.4.29",),
    ),
    # --- the same causes in other words
    ("unable to execute nvcc: No such file or directory", "nvcc-not-found", ("There is no nvcc.",)),
    ("unable to execute 'nvcc': No such file or directory", "nvcc-not-found", ("There is no nvcc.",)),
    ("error: [Errno 2] No such file or directory: nvcc", "nvcc-not-found", ("There is no nvcc.",)),
    (
        "process_begin: CreateProcess(NULL, nvcc -c k.cu, ...) failed.\nmake (e=2): The system cannot find the file.",
        "nvcc-not-found",
        ("There is no nvcc.",),
    ),
    (
        "process_begin: CreateProcess(NULL, /usr/local/cuda/bin/nvcc -c k.cu, ...) failed.",
        "nvcc-not-found",
        ("There is no /usr/local/cuda/bin/nvcc.",),
    ),
    ('exec: "nvcc": executable file not found in $PATH', "nvcc-not-found", ("There is no nvcc.",)),
    ("unable to execute '/opt/cuda/bin/nvcc': No such file or directory", "nvcc-not-found", ("no /opt/cuda/bin/nvcc",)),
    (
        "error: command '/opt/cuda/bin/nvcc' failed: No such file or directory",
        "nvcc-not-found",
        ("no /opt/cuda/bin/nvcc",),
    ),
    ("make: /bin/nvcc: Command not found", "nvcc-not-found", ("is empty", "make CUDA_PATH=")),
    (
        "/bin/sh: 1: /bin/nvcc: not found\nmake: *** [Makefile:7: k.o] Error 127",
        "nvcc-not-found",
        ("is empty", "make CUDA_PATH="),
    ),
    (
        "make[1]: /srv/cuda/bin/nvcc: No such file or directory",
        "nvcc-not-found",
        ("a variable of the Makefile", "make CUDA_PATH="),
    ),
    (
        "CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\n"
        "Please set them or make sure they are set and tested correctly in the CMake files:\nNVML_LIBRARY",
        "cmake-variable",
        ("stubs/libnvidia-ml.so",),
    ),
    ("CUDA_cublas_device_LIBRARY (ADVANCED)", "cmake-variable", ("CUDA 10.0 has dropped",)),
    ("CUDA_curand_LIBRARY (ADVANCED)", "cmake-variable", ("one whole toolkit",)),
    (
        "CMake Error at cuda.cmake:7 (message):\n  Failed to find nvToolsExt",
        "target-missing",
        ("NVTX 2", "torch 2.5"),
    ),
    (
        "undefined reference to `__fatbinwrap_38_cuda_device_runtime_compute_86_cpp1_ii_8b1a5d37'",
        "undefined-symbol",
        ("-lcudadevrt", "CUDA::cudadevrt"),
    ),
    ("undefined reference to `__fatbinwrap_8_k_cu_1a2b'", "undefined-symbol", ("-dlink",)),
    ("ImportError: /v/k.so: undefined symbol: __fatbinwrap_8_k_cu_1a2b", "library-mixed", ("-dlink",)),
    ("ImportError: /v/k.so: undefined symbol: cublasCreate_v2", "library-mixed", ("libcublas", "again with -lcublas")),
    ("对'cudaMalloc'未定义的引用", "undefined-symbol", ("-lcudart",)),
    ("/usr/bin/ld: 找不到 -lcublas", "library-missing", ("nvidia-cublas",)),
    *(
        (f"k.obj : error {said}", "undefined-symbol", (word, "The function"))
        for said, word in (
            ("LNK2001: 无法解析的外部符号 cublasCreate_v2", "cublas.lib"),
            ('LNK2019: Verweis auf nicht aufgelöstes externes Symbol "cudaFree" in Funktion "main".', "cudart.lib"),
            ("LNK2019: 無法解析的外部符號 cufftExecC2C 在函式 main 中被參考", "cufft.lib"),
            ("LNK2019: symbole externe non résolu cusolverDnCreate référencé dans la fonction main", "cusolver.lib"),
            ('LNK2019: "cusparseCreate" 외부 기호(참조 위치: main)에서 확인하지 못했습니다.', "cusparse.lib"),
            ("LNK2019: unresolved external symbol nvrtcCreateProgram referenced in function main", "nvrtc.lib"),
        )
    ),
    (
        "build/temp.win-amd64-cpython-311\nk.obj : error LNK2001: 无法解析 curandGenerate",
        "undefined-symbol",
        ("setup.py",),
    ),
    ("LINK : fatal error LNK1181: 无法打开输入文件“cublas.lib”", "library-missing", ("cublas.lib",)),
    ("OSError: library nvvm not found", "library-not-loaded", ("libnvvm.so",)),
    ("RuntimeError: Missing libdevice file.", "library-not-loaded", ("libdevice",)),
    ("OSError: library cudart not found", "library-not-loaded", ("Numba finds no cudart",)),
    ("error: it failed\nUserWarning: CUDA path could not be detected.", "nvcc-not-found", ("CuPy",)),
    (
        "Getting requirements to build wheel did not run successfully.\nModuleNotFoundError: No module named 'torch'",
        "build-module",
        ("isolated",),
    ),
    ("Getting requirements to build wheel\nImportError: No module named torch", "build-module", ("isolated",)),
    (
        "hint: This error likely indicates that `k@1.0` depends on `torch`, but doesn't declare it as a build dependency.",
        "build-module",
        ("extra-build-dependencies.k",),
    ),
    (
        "python setup.py egg_info did not run successfully.\nModuleNotFoundError: No module named 'torch'",
        "build-module",
        ("setup.py imports torch", "pip install torch", "--no-build-isolation"),
    ),
    (
        "PackagesNotFoundError: The following packages are not available from current channels:\n\n  - cudatoolkit=12.1",
        "conda-pins",
        ("cudatoolkit=12.1", "cuda-version"),
    ),
    ("Failed to initialize NVML: Unknown Error", "driver-missing", ("container",)),
    ("Failed to initialize NVML: Driver Not Loaded", "driver-missing", ("nvidia-smi",)),
    (
        "RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment",
        "driver-missing",
        ("modprobe nvidia_uvm",),
    ),
    ("docker: unknown or invalid runtime name: nvidia.", "driver-missing", ("nvidia-container-toolkit",)),
    # --- gcc, ld, bash and make in other languages
    *(
        (f"k.cpp:1:10: {said}", "header-missing", ("The header cuda.h",))
        for said in (
            "erreur fatale: cuda.h : Aucun fichier ou dossier de ce type",
            "fatal error: cuda.h: Aucun fichier ou dossier de ce nom",
            "schwerwiegender Fehler: cuda.h: Datei oder Verzeichnis nicht gefunden",
            "error fatal: cuda.h: No existe el fichero o el directorio",
            "fatal error: cuda.h: File o directory non esistente",
            "致命错误：cuda.h：没有那个文件或目录",
            "fatal error: cuda.h: Arquivo ou diretório inexistente",
            "фатальная ошибка: cuda.h: Нет такого файла или каталога",
        )
    ),
    *(
        (f"{where}: erreur fatale: cuda_runtime.h: Aucun fichier ou dossier de ce type", "nvcc-link", ("its own",))
        for where in ("/usr/include/stdc-predef.h:32:1", "<ligne-de-commande>", "cc1plus")
    ),
    ("cc1plus: fatal error: cuda_runtime.h: No such file or directory", "nvcc-link", ("its own",)),
    *(
        (f"collect2\n/usr/bin/ld{said}", "library-missing", ("-lcublas", "nvidia-cublas"))
        for said in (
            " : ne peut pas trouver -lcublas",
            ": -lcublas kann nicht gefunden werden",
            ": no se puede encontrar -lcublas: No existe el fichero o el directorio",
            ": impossibile trovare -lcublas",
            ": não foi possível localizar -lcublas",
            ": -lcublas が見つかりません",
        )
    ),
    *(
        (f"k.cpp:(.text+0x1e): {said}", "undefined-symbol", ("-lcudart",))
        for said in (
            "référence indéfinie vers « cudaMalloc »",
            "nicht definierter Verweis auf »cudaMalloc«",
            'riferimento non definito a "cudaMalloc"',
            'referência não definida para "cudaMalloc"',
            "неопределённая ссылка на «cudaMalloc»",
            "未定義參考到 cudaMalloc",
            "referencia a `cudaMalloc' sin definir",
            "`cudaMalloc' に対する定義されていない参照です",
        )
    ),
    (
        "/usr/bin/ld: undefined reference to symbol 'cudaMalloc'\n"
        "//usr/local/cuda/lib64/libcudart.so.12: error adding symbols: DSO missing from command line",
        "undefined-symbol",
        ("another library brings", "-lcudart"),
    ),
    *(
        (said, "nvcc-not-found", ("There is no nvcc.",))
        for said in (
            "bash: nvcc : commande introuvable",
            "/bin/sh: 1: nvcc: Kommando nicht gefunden.",
            "bash: nvcc: orden no encontrada",
            "bash: nvcc: 未找到命令",
            "make: nvcc：命令未找到",
            "make[1]: nvcc: Aucun fichier ou dossier de ce type",
            "Command 'nvcc' not found, but can be installed with:",
            "nvcc: No such file or directory",
        )
    ),
    # --- kinds of posted logs
    ("\n/opt/gcc4/gcc: No such file or directory", "host-compiler-missing", ("-ccbin",)),
    (
        "nvlink fatal   : Input file '/opt/e/lib/libcudadevrt.a:cuda_device_runtime.o' newer than toolkit (123 vs 110)",
        "older-objects",
        ("libcudadevrt.a of a newer CUDA", "one toolkit"),
    ),
    (
        "The following packages have unmet dependencies:\n cuda-12-4 : Depends: cuda-runtime-12-4 (>= 12.4.1) but it is not "
        "going to be installed\ndpkg: error processing package nvidia-dkms-550 (--configure):\n"
        "Errors were encountered while processing:\n nvidia-dkms-550",
        "dpkg",
        ("nvidia-dkms-550",),
    ),
    ("dpkg: error processing package cuda-drivers (--configure):", "dpkg", ("fix-broken",)),
    *(
        (f"stderr:\nnvidia-container-cli: {said}", "container", (word,))
        for said, word in (
            (
                "initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object",
                "no working driver",
            ),
            ("initialization error: WSL environment detected but no adapters were found: unknown", "wsl --update"),
            ("mount error: open failed: /sys/fs/cgroup/devices/user.slice: permission denied", "no-cgroups"),
            ("device error: 1: unknown device: unknown", "nvidia-smi -L"),
            ("mount error: file creation failed: /lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists", "Dockerfile"),
            ("ldcache error: process /sbin/ldconfig.real failed with error code: 1", "@/sbin/ldconfig"),
        )
    ),
    ('exec: "nvidia-container-runtime-hook": executable file not found in $PATH', "container", ("nvidia-ctk",)),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_86+PTX'", "architecture", ("compute_86,code=[sm_86",)),
    ("DriverError(NoBinaryForGpu)", "no-kernel-image", ()),
    (
        'FAIL\nLoadLibrary failed with error 126 "" when trying to load "C:\\v\\capi\\onnxruntime_providers_cuda.dll"',
        "library-not-loaded",
        ("onnxruntime_providers_cuda.dll", "preload_dlls"),
    ),
    (
        'FAIL\nLoadLibrary failed with error 126 "" when trying to load "C:\\v\\onnxruntime_providers_tensorrt.dll"',
        "library-not-loaded",
        ("TensorRT",),
    ),
    *(
        (
            f'OSError: [WinError {number}] said. Error loading "C:\\v\\torch\\lib\\{name}.dll" or one of its dependencies.',
            "library-not-loaded",
            (f"torch's {name}.dll", word),
        )
        for number, name, word in (
            (126, "fbgemm", "vc_redist"),
            (127, "cudnn_cnn_infer64_8", "PATH"),
            (182, "nvfuser_codegen", "PATH"),
            (193, "c10", "64-bit"),
            (1114, "c10", "vc_redist"),
            (1455, "cublas64_11", "paging file"),
        )
    ),
    (
        'cuda.pathfinder.DynamicLibNotFoundError: Failure finding "libnvrtc.so"',
        "library-not-loaded",
        ("cuda-pathfinder", "libnvrtc.so"),
    ),
    ("RuntimeError: jaxlib version 0.4.30 is newer than and incompatible with jax version 0.4.20", "jax-versions", ()),
    (
        "WARNING:jax:\nAn NVIDIA GPU may be present on this machine, but a CUDA-enabled jaxlib is not installed. Falling back to cpu.",
        "jax-versions",
        ("jax[cuda13]",),
    ),
    (
        '/usr/include/stdlib.h(563): error: attribute "__malloc__" does not take arguments',
        "glibc-too-new",
        ("C library",),
    ),
    (
        "LINK\nk.obj : error LNK2019: unresolved external symbol _cuInit@4 referenced in function _main",
        "nvcc-32-bit",
        ("32 bits", "x64"),
    ),
    *(
        (said, "out-of-memory", ("memory runs out",))
        for said in (
            "nvcc error   : 'cicc' died with status 0x89",
            "Killed by the kernel\nmake[2]: *** [CMakeFiles/k.dir/build.make:76: k.cu.o] Error 137",
            "The command '/bin/sh -c pip install .' returned a non-zero code: 137",
            "process didn't exit successfully: `rustc --crate-name k` (signal: 9, SIGKILL: kill)",
        )
    ),
    (
        "Could not solve\n└─ cudatoolkit 11.1**  does not exist (perhaps a typo or a missing channel).",
        "conda-pins",
        ("cudatoolkit",),
    ),
    ("ResolvePackageNotFound: \n  - python=3.7\n  - cudatoolkit=10", "conda-pins", ("cudatoolkit=10",)),
    (
        "No matching distribution found for cuda-python<13.0a0,>=12.0",
        "no-such-version",
        ("cuda-python<13.0a0,>=12.0", "extra-index-url"),
    ),
    ("Build flags:\nCompiler: CMAKE_CUDA_COMPILER-NOTFOUND", "nvcc-not-found", ()),
    (
        "Running\n\n   'nmake' '-?'\n\n  failed with:\nCMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage\n"
        "CMake Error: CMAKE_CUDA_COMPILER not set, after EnableLanguage",
        "host-compiler-missing",
        ("no nmake",),
    ),
    (
        "Generator\n\n    Visual Studio 16 2019\n\n  could not find any instance of Visual Studio.",
        "host-compiler-missing",
        (),
    ),
    (
        "error: command 'C:\\\\VS\\\\bin\\\\HostX86\\\\x86\\\\link.exe' failed with exit code 1181",
        "host-compiler-missing",
        ("32 bits", "x64 Native"),
    ),
    (
        "warning: libnvidia-fatbinaryloader.so.418.67, needed by /usr/lib/libcuda.so, not found (try using -rpath)",
        "driver-mixed",
        ("libnvidia-fatbinaryloader.so.418.67",),
    ),
    (
        "ninja: error: '/opt/cuda/lib64/libcudart.so', needed by 'app', missing and no known rule to make it",
        "library-noted",
        ("new build directory",),
    ),
    ("Error 804: forward compatibility was attempted on non supported HW", "driver-mixed", ("cuda-compat",)),
    ("NotImplementedError: Cuda is not availabel", "torch-no-gpu", ("FORCE_CUDA",)),
    (
        "/v/c10/cuda/impl.h:3:10: fatal error: ATen/cuda/CUDAConfig.h: No such file or directory",
        "other-software",
        ("torch for CPUs",),
    ),
    (
        "gcc: error trying to exec 'cc1plus': execvp: Datei oder Verzeichnis nicht gefunden",
        "host-compiler-missing",
        ("no cc1plus",),
    ),
    ("ERROR: No supported gcc/g++ host compiler found, but clang-3.8 is available.", "host-compiler-unsupported", ()),
    ('error: namespace "thrust" has no member "distance"', "thrust-header", ("#include <thrust/distance.h>",)),
    ('error: namespace "thrust::cuda" has no member "par_nosync"', "cuda-too-old", ("CUDA 12.0",)),
    (
        "CMake Error at F.cmake:9 (message):\n  Could NOT find thrust (missing: THRUST_INCLUDE_DIR) (Required is at least",
        "cccl-not-found",
        ("-DTHRUST_INCLUDE_DIR=", "include/cccl"),
    ),
    (
        "ninja: no work to do.\nImportError: libcudart.so.9.2: cannot open shared object file: No such file or directory",
        "library-not-loaded",
        ("torch_extensions",),
    ),
    ("nvcc fatal   : Host compiler targets unsupported OS.", "host-compiler-missing", ("-m32",)),
    # --- conflicts of packages, headers that are not included, another compiler's options
    (
        "The following packages have unmet dependencies:\n nvidia-cuda-toolkit : Depends: nvidia-cuda-dev (= 11.8.89) but it"
        " is not going to be installed",
        "apt-missing",
        ("nvidia-cuda-dev",),
    ),
    (
        "The following packages have unmet dependencies:\n cuda-12-6 : Depends: cuda-runtime-12-6 (>= 12.6.3) but 12.6.2-1 is"
        " to be installed",
        "apt-missing",
        ("cuda-runtime-12-6",),
    ),
    (
        "Package cudatoolkit conflicts for:\nkernels=1.2 -> cudatoolkit[version='>=10.1,<10.2']\ncudatoolkit=10.0",
        "conda-pins",
        ("one cudatoolkit", "new environment"),
    ),
    ("  - feature:|@/linux-64::__cuda==12.4=0", "conda-pins", ("__cuda==12.4",)),
    ("ERROR: No matching distribution found for kernels-cu99", "no-such-version", ("kernels-cu99", "from source")),
    (
        'k.cu(3): error: namespace "thrust" has no member "sort_by_key"',
        "thrust-header",
        ("thrust::sort", "#include <thrust/sort.h>"),
    ),
    ('src/k.h(3): error: identifier "uint8_t" is undefined', "include-missing", ("uint8_t", "#include <cstdint>")),
    (
        "C:\\CUDA\\v12.3\\include\\cuda_fp16.hpp(9): error: asm operand type size(8) does not match type/size implied by"
        " constraint 'r'",
        "nvcc-32-bit",
        ("x64",),
    ),
    (
        "nvcc -Xcompiler=-Minform=inform -c k.cu\ngcc: error: unrecognized command-line option \u2018-Minform=inform\u2019",
        "host-compiler-two",
        ("-Minform=inform", "NVCC_CCBIN=nvc++"),
    ),
    (
        '"/h/crt/host_config.h", line 118: catastrophic error: #error directive: -- unsupported pgc++ configuration! Only pgc++'
        " 18, 19 and 20 are supported!",
        "host-compiler-unsupported",
        ("takes no pgc++",),
    ),
    (
        "In file included from C:\\llvm\\include\\__clang_cuda_runtime_wrapper.h:41:\nyvals_core.h:582:2: error: STL1002:"
        " Unexpected compiler version,\n      expected CUDA 10.1 Update 2 or newer.",
        "host-compiler-unsupported",
        ("takes clang", "_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH"),
    ),
    (
        "crt.c:(.text+0xb): relocation truncated to fit: R_X86_64_PC32 against symbol `__TMC_END__' defined in .nvFatBinSegment"
        " section in lib/libk.so",
        "binary-too-large",
        ("fewer architectures",),
    ),
    (
        "/usr/bin/ld: /opt/cuda/lib64/libcublas.so: undefined reference to `cublasLtGetVersion@libcublasLt.so.11'",
        "library-mixed",
        ("libcublas.so needs libcublasLt.so.11", "-rpath-link"),
    ),
    ("nvcc fatal   : Could not open output file '/tmp/tmpxft_00004b98_00000000'", "disk-full", ("TMPDIR",)),
    ("-- CUDNN_LIBRARY: CUDNN_LIBRARY-NOTFOUND", "companion-not-found", ("no library of it", "cudnn.lib")),
    (
        "    CUDA_NVCC_EXECUTABLE;NAMES;nvcc;PATHS;C:\\Program Files\\CUDA\\v11.2;ENV;CUDA_PATH\n\n  Invalid character escape '\\P'.",
        "backslashes",
        ("with slashes",),
    ),
    (
        "clang: error: cannot find CUDA installation.  Provide its path via --cuda-path, or pass -nocudainc to build without",
        "clang-cuda",
        ("clang finds no toolkit", "--cuda-path"),
    ),
    (
        "gpu.c:1851:97: error: incompatible type for argument 4 of \u2018cuMemAdvise_v2\u2019\n",
        "removed-in-13",
        ("cuMemAdvise takes a CUmemLocation", "CU_MEM_LOCATION_TYPE_DEVICE"),
    ),
    (
        "k.cpp:3:6: error: expected primary-expression before \u2018<\u2019 token\n    3 |     k<<<1, 1>>>(x);",
        "kernel-launch",
        ("-x cu", "LANGUAGE CUDA"),
    ),
    (
        "tmpxft_1-6_k.cudafe1.cpp:1:3: error: style of line directive is a GCC extension",
        "pedantic",
        ("-pedantic", "COMPILE_LANGUAGE:CXX"),
    ),
    (
        "/src/third_party/cccl/cub/cub/agent/agent_scan.cuh(78): error: expected an identifier",
        "cub-copy",
        ("own copy of CCCL", "include path"),
    ),
    (
        "Additionally, some packages in these conflicts have no matching distributions available for your environment:\n"
        "    nvidia-cublas-cu12\nERROR: ResolutionImpossible",
        "torch-pin",
        ("nvidia-cublas-cu12",),
    ),
    (
        "ERROR: Could not find a version that satisfies the requirement jaxlib==0.3.10+cuda11.cudnn82; extra == 'cuda'",
        "no-such-version",
        ("jaxlib==0.3.10+cuda11.cudnn82", "jax_cuda_releases.html"),
    ),
    ("  ERROR: Failed building wheel for tensorrt-cu12", "no-wheel", ("tensorrt-cu12", "a Python that")),
    (
        'The CUDA compiler\n\n    "/d/bin/nvcc.exe"\n\n  is not able to compile a simple test program.\n'
        "/d/bin/nvcc.exe: line 1: MZ\ufffd: not found",
        "not-executable",
        ("runs nvcc.exe",),
    ),
]
