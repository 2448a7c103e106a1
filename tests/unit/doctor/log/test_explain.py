"""What each known message is taken for, what is not said, and how fixes depend on the project and the environment."""

from __future__ import annotations

import itertools
import os
import random
import re
import textwrap

import pytest
from checkout import CHECKOUT
from fake_toolkit import write
from log_messages import MESSAGES

from _cuda_shims.places import Place
from cuda_shims.catalog import tools as catalog
from cuda_shims.config import Config
from cuda_shims.doctor import case as cases
from cuda_shims.doctor.case import Case
from cuda_shims.doctor.log import explain as diagnosis
from cuda_shims.doctor.log import rule as log_rules
from cuda_shims.doctor.log.read import Log, clean
from cuda_shims.environment.environment import Environment
from cuda_shims.environment.toolkit import Toolkit

try:
    from re import _parser as sre_parse
except ImportError:  # before Python 3.11
    import sre_parse

PAGE = os.path.join(CHECKOUT, "docs", "reference", "build-logs.md")
#: what is none of ours
NOISE = """\
    cudaErrorNoKernelImageForDevice = 209,
    cudaErrorUnsupportedPtxVersion=222,
    CUDA_ERROR_NO_DEVICE                      = 100,
error: identifier "__float128" is undefined
nvcc warning : incompatible redefinition for option 'std', the last value of this option was used
-- Could NOT find CUDAToolkit (missing: CUDA_CUDART) (found version "13.5.37")
-- Could not find nvcc, please set CUDAToolkit_ROOT.
ERROR: CUDA target "targets/x86_64-linux" does not exist.
Couldn't find requested CUDA module 'cublas'
fatal error: foo.h: No such file or directory
fatal error: Python.h: No such file or directory
/usr/bin/ld: cannot find -lfoo: No such file or directory
undefined reference to `cudaHelper(int)'
undefined reference to `curandom_init'
undefined reference to `cube'
k.obj : error LNK2019: unresolved external symbol foo referenced in function cudaThing
k.obj : error LNK2019: Verweis auf nicht aufgelöstes externes Symbol "foo" in Funktion "cudaFreeAll".
k.obj : error LNK2001: unresolved external symbol "void __cdecl cudaThing(int)" (?cudaThing@@YAXH@Z)
k.obj : error LNK2001: 无法解析的外部符号 customThing
ImportError: No module named torchlike
error: command 'nvcc' failed with exit status 1
FOO_LIBRARY (ADVANCED)
error: undefined symbol: cudaNamespace::f()
checking for nvcc... no
checking for gcc... gcc
Program nvcc found: NO
/usr/bin/ld: warning: libfoo.so, needed by libbar.so, not found
ImportError: libfoo.so.1: cannot open shared object file: No such file or directory
error: #error "no such feature"
#error -- unsupported GNU version! gcc versions later than 16 are not supported!
nvcc fatal   : Could not open input file 'x.cu'
CMake Error at CMakeLists.txt:3 (find_package):
  By not providing "FindFooBar.cmake" in CMAKE_MODULE_PATH this project has
CMake Warning at CMakeLists.txt:3 (find_package):
  By not providing "FindCCCL.cmake" in CMAKE_MODULE_PATH this project has
  Target "x" links to:

    Foo::foo

  but the target was not found.
ModuleNotFoundError: No module named 'nvcc'
FileNotFoundError: [Errno 2] No such file or directory: 'foo'
FileNotFoundError: [Errno 2] No such file or directory: '/opt/tools/bin/ninja'
sccache: caused by: cannot find binary path
ERROR: No matching distribution found for foo
Successfully installed cuda-toolkit-13.5.0 nvidia-cuda-nvcc-13.5.37
Killed by signal 15.
Could not load dynamic library 'libnvinfer.so.7'; dlerror: libnvinfer.so.7: cannot open shared object file
Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when one has already been registered
OSError: Could not find module 'foo64_1.dll' (or one of its dependencies)
OSError: /v/k.so: undefined symbol: _ZNSt7__cxx1119basic_ostringstreamIcSt11char_traitsIcESaIcEEC1Ev
error: identifier "cudaThingOfOurs" is undefined
error: identifier "CUSTOM" is undefined
  - python 3.9* -> openssl >=3
UserWarning: torch 2.1 requires foo==1, but you have foo 2 which is incompatible.
process KilledByTimeout
ninja: build stopped: subcommand failed.
error: subprocess-exited-with-error
-c error: class "A" has no member "clockRate"
"""


@pytest.fixture
def case(tmp_path):
    """Give a function that makes a case of a project and an environment."""

    def case(requires=None, components=(), *, ours=True, config=None, **environ):
        (tmp_path / "pyproject.toml").unlink(missing_ok=True)
        if requires is not None:
            quoted = ", ".join(f'"{each}"' for each in requires)
            (tmp_path / "pyproject.toml").write_text(f"[build-system]\nrequires = [{quoted}]\n")
        site = str(tmp_path / "site-packages")
        toolkit = None
        if components:
            versions = dict.fromkeys(components, "13.5.37")
            toolkit = Toolkit(Place(site, 13), "13.5.37", (f"{site}/nvidia/cu13",), versions, {})
        dist_info = "cuda_shims.dist-info" if ours else None
        environment = Environment((site,), str(tmp_path / "bin"), dist_info, is_target=False, label="it")
        home = toolkit.path if toolkit else None
        chosen = config or Config()
        pip = write(str(tmp_path / "bin" / "pip"), b"#!/bin/sh\n", 0o755)  # the environment is activated
        environ = {"PATH": os.pathsep.join([os.path.dirname(pip), os.environ["PATH"]]), **environ}
        return Case(environment, environ, chosen, [], toolkit, home, here=True, directory=str(tmp_path))

    return case


PROJECT = ("setuptools", "cuda-toolkit[cccl,cudart,nvcc]==13.*")


def found_in(text, case):
    return [each.finding for each in diagnosis.explain(Log(clean(text)), case)]


def page_messages():
    with open(PAGE, encoding="utf-8") as file:
        sections = file.read().split("\n### ")[1:]
    for section in sections:
        (code,) = re.findall(r"^- Code: `(.+)`$", section, re.MULTILINE)
        (messages,) = re.findall(r"^```text\n(.+?)\n```$", section, re.MULTILINE | re.DOTALL)
        yield from ((code, message) for message in messages.split("\n"))


# --- every message ---


@pytest.mark.parametrize(
    ("text", "code", "words"), MESSAGES, ids=lambda each: each[:40] if isinstance(each, str) else ""
)
def test_known(case, text, code, words):
    found = found_in(text, case(PROJECT))
    assert [each.code for each in found][-1:] == [code]
    (*_, finding) = found
    said = " ".join(finding)
    assert [word for word in words if word not in said] == [], said
    assert finding.what.endswith(".")
    assert finding.why
    assert finding.fix
    assert "{" not in said.replace("${", "")


@pytest.mark.parametrize(
    "message", ["The CMAKE_CUDA_COMPILER: {} is not a full path to an existing compiler tool.", "sh: {}: not found"]
)
def test_an_environment_that_was_made_anew_has_no_root_yet(case, tmp_path, message):
    site = tmp_path / "e/lib/python3.11/site-packages"
    root = site / "cuda_shims_toolkit/cu13"
    text = "error: it failed\n" + message.format(root / "bin/nvcc")

    def fix():
        (finding,) = found_in(text, case(PROJECT))
        assert finding.code == "stale"
        return finding.fix

    assert "cmake --fresh" in fix()  # the environment is gone
    (site / "nvidia/cu13").mkdir(parents=True)
    assert "start one there" in fix()
    root.mkdir(parents=True)  # a toolkit that has no such file any more
    assert "cmake --fresh" in fix()
    (root / "bin").mkdir()
    (root / "bin/nvcc").touch()  # the doctor's own start has made it
    assert "start one there" in fix()


@pytest.mark.parametrize(("code", "message"), list(page_messages()))
def test_the_page_tells_the_truth(case, code, message):
    text = f"error: it failed\n{message}"
    assert [each.code for each in found_in(text, case(PROJECT))] == [code]


def test_the_page_lists_every_code_and_the_tests_every_rule():
    rows = list(page_messages())
    codes = list(dict.fromkeys(each.code for each in diagnosis.RULES))
    assert {row[0] for row in rows} == set(codes)
    assert len(codes) > 40
    texts = [clean(text) for text in [*(row[1] for row in rows), *(each[0] for each in MESSAGES)]]
    table = log_rules.load_table()
    table["rule"] = [each for each in table["rule"] if each.get("program") in {"TOOL", "HOST"}]
    generic = {each.regex.pattern for each in log_rules.make_rules(table)}
    rules = [each for each in diagnosis.RULES if each.regex.pattern not in generic]
    assert [each.regex.pattern for each in rules if not any(each.regex.search(text) for text in texts)] == []


@pytest.mark.parametrize(
    ("columns", "prefix"), [(20, ""), (77, "2026-01-02T03:04:05.1234567Z "), (40, "#9 1.234 "), (20, "  │ ")]
)
def test_messages_that_are_wrapped(case, columns, prefix):
    project = case(PROJECT, PATH=os.sep)  # no compiler is asked what it is
    for text, code, _ in MESSAGES:
        if "\n" not in text:
            lines = textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)
            wrapped = "error: it failed\n" + "\n".join(f"{prefix}  {line}" for line in lines)
            assert [each.code for each in found_in(wrapped, project)][-1:] == [code], wrapped


def test_all_at_once_each_once_and_in_order(case):
    texts = [
        (text, code) for text, code, _ in MESSAGES if code in {"disk-full", "device-code", "cxx17", "stale", "shim"}
    ]
    log = Log(clean("\n".join(text for text, _ in texts * 3)))
    found = diagnosis.explain(log, case(PROJECT))
    keys = [(each.finding.code, each.finding.what) for each in found]
    assert len(set(keys)) == len(keys)
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert found[0].line == 1


# --- what is not said ---


def test_noise(case):
    project = case(PROJECT)
    assert found_in(NOISE.replace("error", "remark"), project) == []
    for line in NOISE.splitlines():
        assert found_in(line, project) == [], line


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open",
            "library-not-loaded",
        ),
        ("failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected", "driver-missing"),
        ("UserWarning: CUDA initialization: Found no NVIDIA driver on your system. Please check", "driver-missing"),
    ],
)
def test_what_tensorflow_and_torch_say_without_a_gpu_is_no_cause_of_another_failure(case, text, code):
    assert [each.code for each in found_in(text, case(PROJECT))] == [code]
    assert found_in(f"{text}\nTraceback (most recent call last):\nValueError: shapes", case(PROJECT)) == []


WARNED = """\
CMake Warning (dev) in ops/CMakeLists.txt:
  Policy CMP0104 is not set: CMAKE_CUDA_ARCHITECTURES now detected for NVCC,
  empty CUDA_ARCHITECTURES not allowed.  Run "cmake --help-policy CMP0104"
  for policy details.  Use the cmake_policy command to set the policy and
  suppress this warning.

  CUDA_ARCHITECTURES is empty for target "k".
"""
PROBED = f"""\
/t/a: error while loading shared libraries: libcudart.so.13: cannot open shared object file: No such file or directory
{"*" * 50}
*** WARNING: Cannot check compute capability
Cannot execute a stub file.
"""


@pytest.mark.parametrize(
    "text", [WARNED, PROBED, "No CUDA runtime is found, using CUDA_HOME='/c'\n"], ids=["CMake", "CuPy", "torch"]
)
def test_what_a_build_goes_on_after_is_no_cause_of_its_failure(case, text):
    assert found_in(f"{text}error: something else\n", case(PROJECT)) == []
    (finding,) = found_in(f"{text}error: it failed\n{NVCC}", case(PROJECT))
    assert finding.code == "nvcc-not-found"


def test_cmakes_error_and_what_the_loader_stops_at_are_causes(case):
    said = WARNED.replace("Warning (dev)", "Error")
    said = "\n".join(line for line in said.splitlines() if "CUDA_ARCHITECTURES is" in line or "Error" in line)
    (finding,) = found_in(said, case(PROJECT))
    assert finding.code == "architecture-empty"
    (finding,) = found_in(PROBED.partition("*")[0], case(PROJECT))
    assert finding.code == "library-not-loaded"


def test_a_build_that_ended_with_a_wheel_and_without_cuda(case):
    text = "WARNING: nvcc not in path.\nSuccessfully built k\n"
    assert [each.code for each in found_in(text, case(PROJECT))] == ["nvcc-not-found"]


#: what is said of a part that a project goes on without
WITHOUT = (
    "a.c:1:10: fatal error: cublas_v2.h: No such file or directory\nModuleNotFoundError: No module named 'torch'\n"
)


@pytest.mark.parametrize(
    "success",
    [
        "Successfully built k",
        "Successfully built dist/k-1-py3-none-any.whl",
        "   Built k==1.0",
        "      Built k @ file:///k",
        "  - Built k-1-cp311-cp311-linux_x86_64.whl",
        "📦 Built wheel for CPython 3.11 to dist/k-1.whl",
        "INFO:root:removing build/bdist.linux-x86_64/wheel",
    ],
)
def test_a_build_that_ended_with_a_wheel_has_no_finding(case, success):
    text = f"Installing build dependencies ... done\n{WITHOUT}{success}\n"
    assert found_in(text, case(PROJECT)) == []
    conflict = "ERROR: pip's dependency resolver does not currently take into account all the packages\n"
    assert found_in(text + conflict, case(PROJECT)) == []
    (finding,) = found_in(f"{text}$ python\n{WITHOUT.replace('cublas_v2', 'cufft')}", case(PROJECT))[
        :1
    ]  # what came later
    assert "cufft.h" in finding.what
    for failure in ("ERROR: Failed building wheel for b", "error: Failed to build `b==1`", "make: *** [k] Error 1"):
        for stopped in (f"{text}{failure}\n", f"{failure}\n{text}"):  # of several packages one has failed
            assert "header-missing" in {each.code for each in found_in(stopped, case(PROJECT))}


def test_weak_ones_only_in_a_log_of_a_failure_and_alone(case):
    weak = "Your compiler (c++ 4.8.5) may be ABI-incompatible with PyTorch!\n"
    assert found_in(weak, case()) == []
    (finding,) = found_in(weak + "error: something else\n", case())
    assert (finding.code, finding.level) == ("host-compiler-old", "warning")
    (finding,) = found_in(weak + "nvcc fatal   : Unsupported gpu architecture 'sm_70'\n", case())
    assert finding.code == "architecture"


def test_notes_only_where_nothing_failed_and_nothing_ended(case):
    note = "-- Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR CUDA_NVCC_EXECUTABLE)\n"
    (finding,) = found_in(note, case())
    assert (finding.code, finding.level) == ("cuda-left-out", "warning")
    assert found_in(f"{note}error: something else\n", case()) == []
    assert found_in(f"{note}Successfully built p\n", case()) == []
    weak = "Your compiler (c++ 4.8.5) may be ABI-incompatible with PyTorch!\n"
    assert found_in(weak + note, case()) == []
    (finding,) = found_in(f"{note}CMake Error: it failed\nFailed to find nvcc.\n", case())
    assert finding.code == "nvcc-not-found"


def test_vague_ones_only_where_nothing_says_more(case):
    vague = "-- The CUDA compiler identification is unknown\nCMake Error: it failed\n"
    empty = "  CMAKE_CUDA_ARCHITECTURES must be non-empty if set.\n"
    assert [each.code for each in found_in(empty, case())] == ["architecture-empty"]
    assert [each.code for each in found_in(vague + empty, case())] == ["cuda-unidentified"]
    said = "error: #error -- unsupported GNU version! gcc versions later than 12 are not supported!\n"
    assert [each.code for each in found_in(vague + empty + said, case())] == ["host-compiler-unsupported"]


def test_no_version_is_missing_where_there_was_no_network(case):
    text = "ERROR: No matching distribution found for cuda-toolkit==13.5.0\n"
    assert found_in(text, case())
    for reason in ("NewConnectionError('x')", "Temporary failure in name resolution", "cause: dns error"):
        assert found_in(f"WARNING: Retrying after {reason}\n{text}", case()) == []


def test_consequences(case):
    project = case(PROJECT)
    target = 'Target "x" links to: CUDA::cudart but the target was not found.\n'
    (finding,) = found_in(f"Could NOT find CUDAToolkit (missing: CUDA_CUDART)\n{target}", project)
    assert finding.code == "toolkit-incomplete"
    # what is not required is a cause of its own, and one line brings all
    found = found_in(f"Could NOT find CUDAToolkit (missing: CUDA_CUDART)\n{target.replace('cudart', 'cufft')}", project)
    assert [each.code for each in found] == ["toolkit-incomplete", "target-missing"]
    assert found[1].fix == 'in pyproject.toml: "cuda-toolkit[cccl,cudart,cufft,nvcc]==13.*", and add "cuda-shims"'
    (finding,) = found_in("cannot find -lcublas\nundefined reference to `cublasCreate_v2'\n", project)
    assert finding.code == "library-missing"
    (finding,) = found_in("Downloading nvidia_cuda_nvcc-0.0.0a0-py2.py3-none-any.whl\nnvcc: not found\n", project)
    assert finding.code == "placeholder-wheel"


# --- fixes ---


def fix(text, case):
    (finding,) = found_in(text, case)
    return finding.fix


NEWEST = catalog.NEWEST
HEADER = "fatal error: cublas_v2.h: No such file or directory"
NVCC = "Failed to find nvcc."
COMPILER = ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-runtime", "nvidia-cuda-cccl")


def test_a_wheel_that_is_not_there(case):
    assert fix(HEADER, case(PROJECT)) == 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'
    assert fix(HEADER, case(["setuptools"])) == f'in pyproject.toml, add "cuda-toolkit[cublas]=={NEWEST}.*"'
    assert fix(HEADER, case(["torch"])) == f'in pyproject.toml, add "cuda-toolkit[cublas]=={NEWEST}.*"'
    assert fix(HEADER, case(None, COMPILER)) == 'pip install "cuda-toolkit[cublas]==13.5.*"'
    whole = f'pip install "{catalog.BUNDLE}" "cuda-toolkit[cublas]=={NEWEST}.*"'
    assert fix(HEADER, case()) == f'{whole}; an installed toolkit: export CPATH="$CUDA_HOME/include"'
    library = "cannot find -lcublas"
    assert fix(library, case(PROJECT)).endswith(', and add "cuda-shims"')
    assert fix(library, case([*PROJECT, "cuda_shims>=0.1"])).endswith(']==13.*"')
    assert fix(library, case()) == f'{whole}; an installed toolkit: export LIBRARY_PATH="$CUDA_HOME/lib64"'
    assert fix(library, case(None, COMPILER)) == 'pip install "cuda-toolkit[cublas]==13.5.*"'
    without = case(None, COMPILER, ours=False)
    assert fix(library, without) == 'pip install "cuda-toolkit[cublas]==13.5.*"; pip install cuda-shims'


def test_a_wheel_that_is_there(case):
    there = [*PROJECT[:1], "cuda-toolkit[all]==13.*"]
    assert fix(HEADER, case(there)).startswith('give this compiler -I"$CUDA_HOME/include"')
    thrust = fix("fatal error: thrust/sort.h: No such file or directory", case(there))
    assert '-I"$CUDA_HOME/include/cccl"' in thrust
    assert "CCCL::CCCL" in thrust
    library = "cannot find -lcublas"
    assert fix(library, case(there)) == 'in pyproject.toml, add "cuda-shims" to requires'
    assert fix(library, case([*there, "cuda-shims"])).startswith('give the linker -L"$CUDA_HOME/lib"')
    assert '-L"$CUDA_HOME/lib/stubs"' in fix("cannot find -lcuda", case([*there, "cuda-shims"]))
    for name, folder in (("cudart", "lib"), ("cublas", r"..\..\cuda_shims_toolkit\cu13\lib")):
        linker = fix(f"LINK : fatal error LNK1181: cannot open input file '{name}.lib'", case([*there, "cuda-shims"]))
        assert linker.endswith(rf'or give the linker /LIBPATH:"%CUDA_HOME%\{folder}\x64"')
    target = 'Target "x" links to: CUDA::cublas but the target was not found.'
    assert fix(target, case([*there, "cuda-shims"])).startswith("find_package(CUDAToolkit REQUIRED)")
    assert fix(f"-- Found CUDAToolkit: /x\n{target}", case(there)) == 'in pyproject.toml, add "cuda-shims" to requires'
    assert fix("sh: 1: cuobjdump: not found", case([*there, "cuda-shims"])).startswith(
        f'pip install "{catalog.BUNDLE}"'
    )


NCCL = "CMake Error at F.cmake:9 (message):\n  Could NOT find NCCL (missing: NCCL_INCLUDE_DIR NCCL_LIBRARY)"


def test_a_companion_that_is_not_there(case):
    header = "fatal error: cudnn.h: No such file or directory"
    assert fix(header, case(PROJECT)) == 'in pyproject.toml, add "nvidia-cudnn-cu13"'
    assert fix(header, case()).startswith(f'pip install "{catalog.BUNDLE}" nvidia-cudnn-cu13; ')
    both = f"{header}\n{HEADER}"
    (said,) = {each.fix for each in found_in(both, case())}
    assert said.startswith(f'pip install "{catalog.BUNDLE}" "cuda-toolkit[cublas]==13.*" nvidia-cudnn-cu13; ')
    changed = 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*", and add "nvidia-cudnn-cu13"'
    assert {each.fix for each in found_in(both, case(PROJECT))} == {changed}
    assert fix(NCCL, case(PROJECT)) == 'in pyproject.toml, add "nvidia-nccl-cu13", and add "cuda-shims"'
    twelve = case()._replace(toolkit=Toolkit(Place("/s", 12), "12.9.1", (), {"x": "1"}, {}, is_split=True))
    (finding,) = found_in(header, twelve)
    assert (finding.why, finding.fix) == (
        "nvidia-cudnn-cu12 holds it, and that is not installed",
        "pip install nvidia-cudnn-cu12",
    )


def test_a_companion_that_is_there(case, tmp_path):
    there = [*PROJECT, "nvidia-nccl-cu13"]
    header = fix("fatal error: nccl.h: No such file or directory", case(there))
    assert header.startswith('give this compiler -I"$CUDA_HOME/include"')
    assert "CUDA::cudart" in header
    assert fix("cannot find -lnccl", case(there)) == 'in pyproject.toml, add "cuda-shims" to requires'
    assert fix(NCCL, case(there)) == 'in pyproject.toml, add "cuda-shims" to requires'
    assert fix(NCCL, case([*there, "cuda-shims"])) == '-DNCCL_ROOT="$CUDA_HOME"'
    target = 'Target "x" links to: {}::{} but the target was not found.'
    assert "of the module" in fix(
        f"-- Found CUDAToolkit: /x\n{target.format('NCCL', 'NCCL')}", case([*there, "cuda-shims"])
    )
    newer = fix(target.format("CUDAToolkit", "cudart"), case([*PROJECT, "cuda-shims"]))
    assert newer.endswith("before CMake 4.5 it is CUDA::cudart alone")
    # where no pyproject.toml has requirements, what is installed counts
    (tmp_path / "site-packages/nvidia_nccl_cu13-2.1.dist-info").mkdir(parents=True)
    assert fix("cannot find -lnccl", case()).startswith(f'pip install "{catalog.BUNDLE}"')


MAKE = "/bin/sh: 1: {}/bin/nvcc: not found\nmake: *** [Makefile:3: k.o] Error 127"


@pytest.mark.parametrize(
    ("makefile", "setting"),
    [
        ("CUDAPATH ?= /opt/x\nNVCC = ${CUDAPATH}/bin/nvcc\n", 'make CUDAPATH="$(cuda-shims root)"'),
        ("k.o:\n\t$(CUDA_DIR)/bin/nvcc -c k.cu\n", 'make CUDA_DIR="$(cuda-shims root)"'),
        ("NVCC := /opt/x/bin/nvcc\n", 'make NVCC="$(cuda-shims root)/bin/nvcc"'),
        ("all:\n", 'make CUDA_PATH="$(cuda-shims root)", or as the Makefile calls'),
    ],
)
@pytest.mark.parametrize("folder", ["", "/opt/x", "/usr/local/cuda"])
def test_make_is_given_the_variable_of_its_makefile(case, tmp_path, makefile, setting, folder):
    there = case(None, COMPILER)
    (tmp_path / "Makefile").write_text(makefile)
    said = fix(MAKE.format(folder), there)
    assert said.startswith(setting)
    assert "cmake" not in said
    bundle = fix(MAKE.format(folder), case())
    assert bundle.startswith(f'pip install "{catalog.BUNDLE}"; {setting}')


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
def test_a_makefile_that_is_a_fifo_is_not_waited_for(case, tmp_path):
    os.mkfifo(tmp_path / "Makefile")
    assert fix(MAKE.format(""), case()).startswith(f'pip install "{catalog.BUNDLE}"; make CUDA_PATH=')


def test_a_makefile_that_cmake_wrote_has_no_variable_to_set(case):
    text = MAKE.format("/srv/x").replace("Makefile:3: k.o", "CMakeFiles/k.dir/build.make:76: k.o")
    assert "cmake --fresh" in fix(text, case())
    assert "make CUDA_PATH" not in fix(f"running build_ext\nsetup.py\n{MAKE.format('')}", case())


def test_folders_of_an_installed_toolkit_in_which_nothing_looks_by_itself(case):
    cupti = fix("cannot find -lcupti", case())
    assert cupti.endswith('export LIBRARY_PATH="$CUDA_HOME/lib64:$CUDA_HOME/extras/CUPTI/lib64"')
    header = fix("fatal error: cupti.h: No such file or directory", case())
    assert header.endswith('export CPATH="$CUDA_HOME/include:$CUDA_HOME/extras/CUPTI/include"')
    (finding,) = found_in("fatal error: thrust/sort.h: No such file or directory", case())
    assert finding.fix.endswith('export CPATH="$CUDA_HOME/include:$CUDA_HOME/include/cccl"')
    assert "CUDA 13 has Thrust" in finding.why
    meson = "ERROR: Dependency lookup for CUDA failed: Couldn't find requested CUDA module 'cupti'"
    assert "extras/CUPTI/lib64/libcupti.so into its lib64" in fix(meson, case())
    assert fix("LINK : fatal error LNK1181: cannot open input file 'cublas.lib'", case()).endswith("lib\\x64 on LIB")


def test_cmake_reads_no_variable_of_compilers(case):
    (finding,) = found_in(NCCL, case())
    assert finding.why.startswith("of the wheels nvidia-nccl-cu13 holds it; CMake looks only in")
    named = 'an installed toolkit: export CMAKE_PREFIX_PATH="$CUDA_HOME{}" CMAKE_LIBRARY_PATH="$CUDA_HOME/lib64"'
    assert finding.fix.endswith(named.format(""))
    missing = 'CMake Error at C.txt:3 (find_package):\n  By not providing "Find{}.cmake" in CMAKE_MODULE_PATH'
    assert fix(missing.format("CCCL"), case()).endswith(named.format(":$CUDA_HOME/lib64/cmake"))
    windows = fix(f"-- The CXX compiler identification is MSVC 19.4\n{NCCL}", case())
    assert windows.endswith(r"CMAKE_LIBRARY_PATH to its lib\x64")


def test_a_shell_gets_the_variables_before_an_option_names_them(case, monkeypatch):
    """``cuda-shims exec g++ -I"$CUDA_HOME/include"`` is given the calling shell's CUDA_HOME, which is not set."""
    there = case(None, (*COMPILER, "nvidia-cublas"))
    bash, linker = 'eval "$(cuda-shims env)"; then ', 'give the linker -L"$CUDA_HOME/lib"'
    assert fix("cannot find -lcublas", there) == f"{bash}{linker}"
    assert fix("cannot find -lcuda", there) == f'{bash}give the linker -L"$CUDA_HOME/lib/stubs"'
    assert fix(HEADER, there).startswith(f'{bash}give this compiler -I"$CUDA_HOME/include"')
    needed = "ld: warning: libcuda.so.1, needed by libk.so, not found libk.so: undefined reference to `cuInit'"
    assert fix(needed, there).startswith(f'{bash}link with -L"$CUDA_HOME/lib64/stubs"')
    with monkeypatch.context() as fish:
        fish.setattr(cases, "reader", lambda _: "fish")
        assert fix("cannot find -lcublas", there) == f"cuda-shims env --format fish | source; then {linker}"
    # where builds do not get our root, that comes first
    off = there._replace(environ={"CUDA_SHIMS_STARTUP": "0"})
    assert fix("cannot find -lcublas", off) == "unset CUDA_SHIMS_STARTUP"
    # an isolated build's Python has set them; and where no toolkit is, there is nothing to evaluate
    project = [*PROJECT[:1], "cuda-toolkit[all]==13.*", "cuda-shims"]
    isolated = case(project, COMPILER)
    assert fix("Installing build dependencies ... done\ncannot find -lcublas", isolated) == linker
    assert fix("cannot find -lcublas", case(project)) == linker


def test_numba_and_meson_are_told_of_a_toolkit_by_the_variable_that_they_read(case):
    numba = fix("OSError: library nvvm not found", case())
    assert 'export CUDA_HOME="$(cuda-shims root)"' in numba
    assert "Makefile" not in numba
    meson = fix('error: it failed\nERROR: Dependency "cuda" not found', case())
    assert meson.startswith("export CUDA_PATH=DIR")


def test_memory_is_not_cudas_where_no_cuda_is(case):
    said = "g++: fatal error: Killed signal terminated program cc1plus"
    (finding,) = found_in(said, case())
    assert ".cu" not in finding.why
    (finding,) = found_in(f"nvcc -c k.cu\n{said}", case())
    assert "a .cu file" in finding.why


def test_uvs_hint_names_the_package(case):
    hint = "ModuleNotFoundError: No module named 'torch'\nhint: This error likely indicates that `k@1.0` depends on "
    hint += "`torch`, but doesn't declare it as a build dependency."
    (finding,) = found_in(hint, case())
    assert "extra-build-dependencies.k" in finding.fix
    (finding,) = found_in(f"error: Failed to build `k @ file:///src/k`\n{hint}", case(["setuptools"]))
    assert finding.fix.startswith('in pyproject.toml, add "torch" to requires; ')


def test_a_package_of_an_index_that_pins_another_release(case):
    text = "Because you require torch<2.8 and torch==2.14.1, we can conclude that your requirements are unsatisfiable."
    assert "another release of that" in fix(f"error: x\n{text}", case())
    theirs = f"requirements from `build-system.requires` and `extra-build-dependencies`\n{text}"
    (finding,) = found_in(f"error: Failed to download and build `k==1`\n{theirs}", case())
    assert "of the package that uv builds" in finding.why
    assert "no-build-isolation-package" in finding.fix
    assert found_in("Because you require numpy<2 and numpy==2.1, we can conclude that", case()) == []
    assert found_in("Because you require torch<2.8 and torchvision==0.29, we can conclude that", case()) == []


def test_a_build_that_does_not_require_nvcc(case):
    requires = ["setuptools", "cuda-shims", "cuda-toolkit[cudart]==13.*"]
    texts = [NVCC, "Couldn't find CUDA library root.", "sh: 1: nvcc: not found", "sh: 1: ptxas: not found"]
    texts += ["CUDA_HOME environment variable is not set", "No CMAKE_CUDA_COMPILER could be found."]
    for text in texts:
        (finding,) = found_in(text, case(requires))
        assert finding.why == "nvidia-cuda-nvcc holds nvcc, and build-system.requires does not list that package", text
        (finding,) = found_in(text, case(PROJECT))
        assert "nvidia-cuda-nvcc holds" not in finding.why, text


def test_a_module_that_goes_on_without_a_companion(case):
    said = NCCL.replace("CMake Error at F.cmake:9 (message):\n ", "--")
    assert found_in(said, case()) == []
    assert found_in(f"{said}\nerror: it failed", case()) == []  # for another reason
    (finding,) = found_in(f"{said}\nCMake Error at CMakeLists.txt:4 (message):\n  no NCCL here", case())
    assert (finding.code, finding.level) == ("companion-not-found", "warning")
    (finding,) = found_in(f"{said}\n{HEADER}", case())
    assert finding.code == "header-missing"


def test_a_static_library_that_no_wheel_holds(case):
    """The shared one in its place has to come from somewhere, too."""
    link, said = "link to -lcublas, in CMake to CUDA::cublas", "cannot find -lcublas_static"
    add = 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'
    assert fix(said, case(PROJECT)) == f'{link}; {add}, and add "cuda-shims"'
    whole = ["cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*", "cuda-shims"]
    assert fix(said, case(whole)) == link
    target = 'Target "x" links to: CUDA::cublas_static but the target was not found.'
    assert fix(target, case([*PROJECT, "cuda-shims"])) == f"link to CUDA::cublas; {add}"


def test_a_toolkit_that_nobody_finds(case, tmp_path):
    assert fix(NVCC, case(PROJECT)) == 'in pyproject.toml, add "cuda-shims" to requires'
    both = f'in pyproject.toml, add "cuda-toolkit[cccl,cudart,nvcc]=={NEWEST}.*", and add "cuda-shims"'
    assert fix(NVCC, case(["setuptools"])) == both
    assert fix(NVCC, case()).startswith(f'pip install "{catalog.BUNDLE}"; or put ')
    assert fix(NVCC, case(None, COMPILER, ours=False)) == "pip install cuda-shims"
    assert fix(NVCC, case(None, COMPILER, CUDA_SHIMS_STARTUP="0")) == "unset CUDA_SHIMS_STARTUP"
    theirs = case(None, COMPILER, CUDA_HOME=str(tmp_path), CUDACXX=f"{tmp_path}/bin/nvcc", CUDA_PATH="/elsewhere")
    assert fix(NVCC, theirs) == "unset CUDA_HOME CUDACXX"
    assert fix(NVCC, case(None, COMPILER)).startswith("run the build as: cuda-shims exec CMD")
    assert fix(NVCC, case([*PROJECT, "cuda-shims"], COMPILER)).startswith("run the build as: cuda-shims exec CMD")


def test_a_cuda_that_no_wheel_can_replace(case):
    nvcc, header = "/bin/sh: nvcc: not found", "k.cpp:1:10: fatal error: {}: No such file or directory"
    for text, words in (
        (f"{nvcc}\nLinux nano 5.10.104-tegra", ("nvidia-jetpack", "/usr/local/cuda/bin")),
        (f"{nvcc}\ntorch-2.6.0+cu124", ("all of CUDA 12.4", "torch that was built for CUDA 13")),
        (f"{nvcc}\ntorch-2.7.0+rocm6.3", ("ROCm",)),
        ('Could NOT find CUDA (missing: CUDA_CUDART_LIBRARY) (found\n  version "8.0")', ("all of CUDA 8.0",)),
        (f"-I/usr/local/cuda-11.8/include\n{header.format('cusparse.h')}", ("into that toolkit", "all of CUDA 11.8")),
        (
            f"release 12.4, V12\nCuda compilation tools, release 12.4\n{header.format('cudnn.h')}",
            ("nvidia-cudnn-cu12",),
        ),
        ("-ltegra\nJetPack 5\nnvcc fatal   : Unsupported gpu architecture 'compute_100'", ("a newer JetPack",)),
    ):
        said = fix(text, case(ours=False))
        assert [word for word in words if word not in said] == [], said
        assert "cuda-shims" not in said
    for newer in ("JetPack 7, Thor", "release 13.2, V13.2.1\nCuda compilation tools, release 13.2"):
        assert "cuda-shims[cu13]" in fix(f"{nvcc}\n{newer}", case(ours=False))


def test_a_toolkit_of_several_releases(case):
    ptx = "Unsupported .version 9.5; current version is '9.0'"
    assert fix(ptx, case(PROJECT)) == 'in pyproject.toml: "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.*"'
    pinned = fix(ptx, case(["nvidia-cuda-nvcc==13.0.88", "nvidia-nvvm"]))
    assert pinned.endswith(f'=={NEWEST}.*" instead of nvidia-cuda-nvcc==13.0.88, nvidia-nvvm')
    globbed = fix(ptx, case(["nvidia-cuda-nvcc==13.0.*"]))  # zsh stops at a pattern that fits no file
    assert globbed.endswith(' instead of "nvidia-cuda-nvcc==13.0.*"')
    torch = "The detected CUDA version ({}) mismatches the version that was used to compile\n  PyTorch ({}). Please "
    torch += "make sure to use the same CUDA versions."
    assert fix(torch.format("13.5", "13.2"), case()) == 'pip install "cuda-shims[cu132]"'
    assert "==13.2.*" in fix(torch.format("13.5", "13.2"), case(PROJECT))
    for requires in (["torch"], ["torch", "cuda-shims[cu13]"]):
        assert fix(torch.format("13.5", "13.2"), case(requires)) == 'in pyproject.toml: "cuda-shims[cu132]"'
    assert f"+cu{NEWEST}0" in fix(torch.format("13.5", "12.8"), case())


UV = """\
[build-system]
requires = ["hatchling", "cuda-shims", "cuda-toolkit[all]==13.*"]
[tool.uv.extra-build-dependencies]
Their_Package = [{ requirement = "torch", match-runtime = true }, "cuda-toolkit[cccl,cudart,nvcc]==13.4.*"]
broken = "cuda-shims"
"""


@pytest.mark.parametrize("words", ["build", "download and build"])
def test_a_build_of_somebody_elses_sdist(case, tmp_path, words):
    there = case()
    (tmp_path / "pyproject.toml").write_text(UV)
    failed = f"error: Failed to {words} `{{}}==1.0`\n"
    line = "extra-build-dependencies.their-package"
    theirs = failed.format("their-package")
    assert fix(f"{theirs}OSError: CUDA_HOME environment variable is not set.", there) == (
        f'in pyproject.toml, add "cuda-shims" to {line}'
    )
    assert fix(f"{theirs}{HEADER}", there) == 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.4.*"'
    (finding,) = found_in(f"{theirs}{HEADER}", there)
    assert finding.why == f"nvidia-cublas holds it, and {line} does not list that package"
    many = "DEBUG a warning of a compiler\n" * 30_000  # of 1.5 MB the beginning and the end are searched for all
    assert fix(f"{many}{theirs}OSError: CUDA_HOME environment variable is not set.\n{many}", there).endswith(
        f"to {line}"
    )
    new = failed.format("another")  # one that has no list yet
    assert fix(f"{new}{HEADER}", there) == (
        'in pyproject.toml, add "cuda-toolkit[cublas]==13.*" to extra-build-dependencies.another'
    )
    assert fix(f"{failed.format('broken')}{HEADER}", there).startswith("pip install")
    # uv names a project of one's own with its path; pip knows no such list
    assert fix(f"error: Failed to {words} `p @ file:///p`\n{HEADER}", there).startswith("give this compiler")
    assert fix(f"ERROR: Failed building wheel for their-package\n{HEADER}", there).startswith("give this compiler")
    (tmp_path / "pyproject.toml").unlink()
    assert fix(f"{theirs}{HEADER}", there).startswith(f'pip install "{catalog.BUNDLE}" "cuda-toolkit[cublas]==13.*"; ')


def test_a_wheel_for_macos_in_a_log_of_linux(case):
    """uv -v names the first wheel of a release, whatever it is for."""
    said = "DEBUG Selecting: numpy==2.5.5 [compatible] (numpy-2.5.5-cp312-cp312-macosx_10_13_x86_64.whl)"
    message = "OSError: CUDA_HOME environment variable is not set."
    assert fix(f"{said}\n{message}", case()) == fix(message, case())
    assert fix(f"creating build/lib.macosx-11.0-arm64-cpython-311\n{message}", case()).startswith("build on Linux")


def test_a_header_that_is_missed_where_nvcc_was_is_a_consequence_unless_nothing_brings_it(case):
    log = "*** WARNING: nvcc not in path.\nfatal error: {}: No such file or directory"
    assert [each.code for each in found_in(log.format("cuda.h"), case(PROJECT))] == ["nvcc-not-found"]
    found = found_in(log.format("cudaProfiler.h"), case(PROJECT))
    assert [each.code for each in found] == ["nvcc-not-found", "header-missing"]


@pytest.mark.parametrize(
    "place",
    [
        "/tmp/pip-build-env-x1y2/overlay/lib",
        "/home/u/.cache/uv/builds-v0/.tmpUPN4sl/lib",
        "/tmp/build-env-abc/lib",
        "Installing build dependencies ... done",
    ],
)
def test_an_isolated_build_gets_the_line_of_its_pyproject_wherever_the_doctor_runs(case, place):
    texts = [
        NVCC,
        HEADER,
        "cannot find -lcublas",
        "cannot find -lcuda",
        NCCL,
        "CUDA_HOME environment variable is not set",
    ]
    texts += ["nvcc fatal   : Unsupported gpu architecture 'compute_120'", "sh: 1: cuobjdump: not found"]
    for there in (case(), case(None, COMPILER), case(None, COMPILER, ours=False)):
        for text in texts:
            said = fix(f"{place}\n{text}", there)
            assert "in pyproject.toml, add" in said, text
            assert "build-system.requires" in said, text
            assert "pip install" not in said, text
            assert "exec" not in said, text
    whole = [*PROJECT, "cuda-shims", "cuda-toolkit[all]==13.*"]
    for text in (NVCC, HEADER, "cannot find -lcublas"):
        assert "exec" not in fix(f"{place}\n{text}", case(whole, COMPILER))


def test_the_packages_of_an_index_that_uv_builds(case):
    said = fix("Failed to build `flash-attn==2.8.3`\n/c/uv/builds-v0/.tmpA/x\n" + NVCC, case())
    assert said.endswith('and add "cuda-shims"')
    assert "to extra-build-dependencies.flash-attn" in said


PIP = """\
Collecting {collected}
  {how}
  Installing build dependencies ... done
  {said}
{failed}
"""
FAILURE_OF_PIP = "ERROR: Failed building wheel for {}"


@pytest.mark.parametrize(
    ("collected", "how", "failed", "given"),
    [
        ("pycuda", "Downloading pycuda-2024.1.2.tar.gz (1.7 MB)", FAILURE_OF_PIP.format("pycuda"), "pycuda"),
        ("pycuda", "Using cached pycuda-2024.1.2.tar.gz", "Failed to build 'pycuda'", "pycuda"),
        ("x", "Downloading https://f.example/p/a-b/flash_attn-2.8.3.tar.gz", "", "flash_attn"),
        ("x", "Downloading other-1.tar.gz (1 kB)\n  Downloading the-last-1.0.tar.gz", "", "the-last"),
        ("x", "Downloading a-1.tar.gz\n  Downloading b-1.tar.gz", "for some pyproject.toml based projects (a)", "a"),
        (
            "git+https://example.org/u/apex.git",
            "Cloning",
            FAILURE_OF_PIP.format("apex"),
            "git+https://example.org/u/apex.git",
        ),
        (
            "f@ git+https://example.org/u/f@v1",
            "Cloning",
            FAILURE_OF_PIP.format("f-cuda"),
            "git+https://example.org/u/f@v1",
        ),
    ],
)
def test_the_package_that_pip_builds_for_somebody(case, collected, how, failed, given):
    for there in (case(), case(PROJECT)):  # the project in whose folder the doctor runs has no part in it
        for said in (NVCC, HEADER, "cannot find -lcublas", "CUDA_HOME environment variable is not set", NCCL):
            told = fix(PIP.format(collected=collected, how=how, said=said, failed=failed), there)
            first, again = told.split(" and what the package's own build-system.requires names; then: ")
            assert first.startswith(f'pip install "{catalog.BUNDLE}"')
            assert ("[cublas]" in first) == ("cublas" in said)
            assert again == f"pip install --no-build-isolation {given}"
    torch = fix(
        PIP.format(collected=collected, how=how, said="ModuleNotFoundError: No module named 'torch'", failed=failed),
        case(),
    )
    assert torch.startswith("pip install torch and what ")
    ours = fix(PIP.format(collected=collected, how=how, said=NVCC, failed=failed), case(None, COMPILER))
    assert ours.startswith("install what the package's own ")


@pytest.mark.parametrize(
    ("collected", "how", "failed"),
    [
        ("x", "Downloading dep-1.tar.gz\nProcessing /src/k", FAILURE_OF_PIP.format("k")),
        ("x", "Downloading dep-1.tar.gz\nProcessing c:\\src\\k", FAILURE_OF_PIP.format("k")),
        ("x", "Downloading dep-1.tar.gz\nObtaining file:///src/k", FAILURE_OF_PIP.format("k")),
        ("x", "Downloading a-1.tar.gz\n  Downloading b-1.tar.gz", FAILURE_OF_PIP.format("k")),
        ("x", "Downloading x-1-py3-none-any.whl", FAILURE_OF_PIP.format("k")),
    ],
)
def test_pips_builds_of_ones_own(case, collected, how, failed):
    told = fix(PIP.format(collected=collected, how=how, said=NVCC, failed=failed), case())
    assert told.startswith("in pyproject.toml, add ")


HOSTILE = "a;touch${IFS}x"


@pytest.mark.parametrize("text", [*(each[0] for each in MESSAGES), *(message for _, message in page_messages())])
def test_nothing_of_a_log_reaches_a_fix_unquoted(case, text):
    project = case(PROJECT, PATH=os.sep)
    for rule in (each for each in diagnosis.RULES if any(needle in text for needle in each.needles)):
        match = rule.regex.search(clean(text))
        for word in {each for each in match.groups() if each} if match else ():
            for each in found_in(f"error: it failed\n{text.replace(word, word + HOSTILE)}", project):
                assert "touch" not in re.sub(r"'[^']*'", "", each.fix), each.fix


def test_a_shim_that_says_anything(case):
    said = fix("nvcc (cuda-shims): it does not work; rm -rf ~", case())
    assert "rm" not in said.split()


def test_a_pyproject_that_is_no_toml(case, tmp_path):
    there = case()
    (tmp_path / "pyproject.toml").write_text("[build-system")
    assert fix(HEADER, there).startswith("pip install")
    (tmp_path / "pyproject.toml").write_text("build-system = 1")
    assert fix(HEADER, there).startswith("pip install")
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = 'x'")
    assert fix(HEADER, there).startswith("pip install")


def test_the_architectures_are_those_of_the_nvcc_that_is_there(case, tmp_path):
    project = case(None, COMPILER)
    nvcc = tmp_path / "site-packages/nvidia/cu13/bin/nvcc"
    nvcc.parent.mkdir(parents=True)
    text = "nvcc fatal   : Unsupported gpu architecture 'sm_70'"
    assert fix(text, project).endswith("75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121")
    nvcc.write_text("#!/bin/sh\n[ \"$1\" = --list-gpu-arch ] && printf 'compute_75\\ncompute_90\\ncompute_107\\n'\n")
    nvcc.chmod(0o755)
    assert fix(text, project).endswith("some of: 75, 90, 107")
    nvcc.write_text("#!/bin/sh\nexit 1\n")
    assert fix(text, project).endswith("120, 121")


def test_host_compilers(case, tmp_path):
    too_new = "error: #error -- unsupported GNU version! gcc versions later than 13 are not supported!"
    tools = tmp_path / "tools"
    tools.mkdir()
    compiler = tools / "gcc"
    compiler.write_text("#!/bin/sh\necho '#define __GNUC__ 15'\n")
    compiler.chmod(0o755)
    assert "g++-13" in fix(too_new, case(PATH=str(tools)))
    (tools / "g++-12").write_text("#!/bin/sh\necho '#define __GNUC__ 12'\n")
    (tools / "g++-12").chmod(0o755)
    told = fix(too_new, case(PATH=str(tools)))  # by what torch and CMake make -ccbin of: nvcc 11.8 reads no NVCC_CCBIN
    assert told.startswith(f"export CC={tools}/gcc-12, export CXX={tools}/g++-12, export CUDAHOSTCXX={tools}/g++-12; ")
    assert fix(too_new.replace("13", "15"), case(PATH=str(tools))).startswith("install g++-15 or an older one")
    compiler.write_text("#!/bin/sh\necho '#define __GNUC__ 17'\n")
    assert fix(too_new.replace("13", "15"), case(PATH=str(tools))) == f"export NVCC_CCBIN={tools}/g++-12"
    compiler.write_text("#!/bin/sh\necho '#define __GNUC__ 11'\n")
    assert fix(too_new, case(PATH=str(tools))).startswith("install g++-13 or an older one")
    missing = "sh: 1: g++: not found"
    assert fix(missing, case(PATH=str(tools))) == "install g++ (Debian: apt-get install g++) where the build runs"
    assert "apt-get install g++" in fix(missing, case(PATH=str(tmp_path)))


def test_a_compiler_that_an_option_or_a_variable_names(case):
    missing = "{}: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties."
    nosuch = missing.format("nosuchcc")
    for text, variables, by in (
        (nosuch, {}, "An option or a variable"),
        (f"nvcc -ccbin nosuchcc b.cu\n{nosuch}", {}, "-ccbin"),
        (f"nvcc -ccbin='nosuchcc' b.cu\n{nosuch}", {}, "-ccbin"),
        (f"NVCC_CCBIN=nosuchcc nvcc b.cu\n{nosuch}", {}, "NVCC_CCBIN"),
        (f"nvcc -ccbin nosuchcc2 b.cu\n{nosuch}", {"CXX": "nosuchcc"}, "CXX"),
        (missing.format("clang++"), {"NVCC_CCBIN": "clang++"}, "NVCC_CCBIN"),
        (missing.format("/nope/g++"), {}, "An option or a variable"),
    ):
        (finding,) = found_in(text, case(**variables))
        assert finding.what.startswith(f"{by} names a compiler that does not exist, ")
        assert "install g++" not in finding.fix
    for name in ("gcc", "g++", "x86_64-linux-gnu-gcc", "clang"):  # what a build runs by itself
        assert found_in(missing.format(name), case())[0].what == f"There is no {name}."


def test_a_part_of_nvcc_that_an_installed_toolkit_lacks(case):
    there = case()
    (finding,) = found_in("/usr/local/cuda/bin/nvcc -c a.cu\nsh: 1: cicc: not found", there)
    assert finding.why.startswith("the toolkit in /usr/local/cuda lacks it")
    assert finding.fix.startswith("install it into that toolkit")


def test_many_names_are_not_all_listed(case):
    names = [
        "cublas",
        "cufft",
        "curand",
        "cusolver",
        "cusparse",
        "nppc",
        "npps",
        "nvjpeg",
        "nvrtc",
        "nvfatbin",
        "cupti",
    ]
    (finding,) = found_in("\n".join(f"cannot find -l{name}" for name in names), case(PROJECT))
    assert "Likewise: -lcufft, -lcurand" in finding.what
    assert finding.what.endswith(" and 2 more.")
    assert all(extra in finding.fix for extra in ("cublas", "npp", "cupti"))


# --- any text ---


def repeats(parsed):
    for operation, value in parsed:
        if operation in {sre_parse.MAX_REPEAT, sre_parse.MIN_REPEAT}:
            most = value[1]
            yield most
            yield from (most * each for each in repeats(value[2]))
        elif operation is sre_parse.SUBPATTERN:
            yield from repeats(value[3])
        elif operation is sre_parse.BRANCH:
            yield from itertools.chain.from_iterable(repeats(each) for each in value[1])
        elif operation in {sre_parse.ASSERT, sre_parse.ASSERT_NOT}:
            yield from repeats(value[1])


@pytest.mark.parametrize("rule", diagnosis.RULES, ids=lambda rule: rule.code)
def test_what_a_pattern_costs_is_bounded(rule):
    assert all(most <= 400 for most in repeats(sre_parse.parse(rule.regex.pattern)))
    assert all(needle == needle.strip() and " " not in needle and needle for needle in rule.needles)
    assert not re.search(r"\[[^\]\\]*\\s\{1,80\}", rule.regex.pattern), "a blank in a set of characters"


def hostile():
    needles = [needle for rule in diagnosis.RULES for needle in rule.needles]
    starts = [message[: len(message) // 2] for _, message in page_messages()]
    yield from ((" ".join(needles)), "\n".join(needles), " ".join(starts), "\n".join(starts))
    yield from ("x", " ", "\n", "'", "/", "fatal error: a", "Target 'x' links to: ", "undefined reference to `cudaF' ")


@pytest.mark.parametrize("text", list(hostile()), ids=lambda text: text[:20].strip() or "blank")
def test_megabytes_of_anything(case, text):
    """Not timed: what takes more than linear time does not end."""
    log = Log(clean(text * (2_000_000 // len(text))))
    assert len(diagnosis.explain(log, case(PROJECT))) < 100


def test_texts_that_are_cut_and_mixed(case):
    chance = random.Random(6)  # noqa: S311 # the same texts in each run
    texts = [text for text, _, _ in MESSAGES] + [message for _, message in page_messages()]
    project = case(PROJECT, PATH=os.sep)
    for _ in range(300):
        pieces = [chance.choice(texts) for _ in range(5)]
        cut = [piece[chance.randrange(len(piece)) :][: chance.randrange(1, 200)] for piece in pieces]
        for each in diagnosis.explain(Log(clean(chance.choice(["", " ", "\n", "\x1b[", "\r"]).join(cut))), project):
            assert each.line >= 1
            assert all(text.isprintable() for text in (*each.finding, each.quote))
