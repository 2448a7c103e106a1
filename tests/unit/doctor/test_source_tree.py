"""What a whole project asks of CUDA: which files its build takes, and what no build of it goes without."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write

from cuda_shims.doctor import source_tree
from cuda_shims.doctor.source_tree import find_uses


def test_a_project_is_searched_within_bounds(tmp_path, monkeypatch):
    folder = str(tmp_path)
    write(os.path.join(folder, "CMakeLists.txt"), b"CUDA::cublas CUDA::curand")
    write(os.path.join(folder, "src/CMakeLists.txt"), b"\n\xff\0CUDA::cufft CUDA::cublas")
    for left_out in ("build/CMakeLists.txt", ".git/x.cmake", "out/CMakeLists.txt", "env/x.cmake", "sub/x.cmake"):
        write(os.path.join(folder, left_out), b"CUDA::npps")
    write(os.path.join(folder, "out/CMakeCache.txt"))
    write(os.path.join(folder, "sub/pyproject.toml"))
    write(os.path.join(folder, "env/pyvenv.cfg"))
    os.mkfifo(os.path.join(folder, "meson.build"))
    os.symlink("/nowhere", os.path.join(folder, "setup.py"))
    write(os.path.join(folder, "Makefile"), b"-lnvjpeg", 0o644)
    found = find_uses(folder)
    assert found == [
        ("CMakeLists.txt:1", "CUDA::cublas", "cublas", True),
        ("CMakeLists.txt:1", "CUDA::curand", "curand", True),
        ("Makefile:1", "-lnvjpeg", "nvjpeg", False),
        (os.path.join("src", "CMakeLists.txt:2"), "CUDA::cufft", "cufft", False),
    ]
    monkeypatch.setattr(source_tree, "_MAX_FILES", 1)
    assert [each.part for each in find_uses(folder)] == ["cublas", "curand"]
    monkeypatch.setattr(source_tree, "_MAX_LISTED", 0)
    assert find_uses(folder) == []


def test_a_folder_that_is_no_project(tmp_path):
    folder = str(tmp_path)
    write(os.path.join(folder, "cuda/include/cublas.h"), b'#include "cublas_api.h"')
    os.mkdir(os.path.join(folder, "Makefile"))
    assert find_uses(folder) == []
    write(os.path.join(folder, "setup.py"))
    assert [each.part for each in find_uses(folder)] == ["cublas"]


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    write(str(tmp_path / "CMakeLists.txt"), b"CUDA::cublas")

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    assert find_uses(str(tmp_path)) == []


# files that the build takes, and others ------------------------------------------------------------------------------

USES = "target_link_libraries(x CUDA::cublas)\n"
MESON = "dependency('cuda', modules: ['cublas'])"
SCIKIT_BUILD = "[build-system]\nbuild-backend = 'scikit_build_core.build'\n"
SETUP = "setup(ext_modules=[CUDAExtension('x', ['csrc/x.cu'])])"


@pytest.mark.parametrize(
    ("files", "sure"),
    [
        ({"CMakeLists.txt": "add_subdirectory(src)", "src/CMakeLists.txt": USES}, True),
        ({"CMakeLists.txt": "include(cmake/a.cmake)", "cmake/a.cmake": USES}, True),
        ({"CMakeLists.txt": "include(${PROJECT_SOURCE_DIR}/cmake/a.cmake)", "cmake/a.cmake": USES}, True),
        ({"CMakeLists.txt": "include(a)", "cmake/a.cmake": USES}, True),
        (
            {
                "CMakeLists.txt": "add_subdirectory(a)",
                "a/CMakeLists.txt": "include(${CMAKE_CURRENT_LIST_DIR}/b.cmake)",
                "a/b.cmake": USES,
            },
            True,
        ),
        ({"CMakeLists.txt": "if(X)\nadd_subdirectory(src)\nendif()", "src/CMakeLists.txt": USES}, False),
        (
            {
                "CMakeLists.txt": "if(X)\nadd_subdirectory(a)\nendif()",
                "a/CMakeLists.txt": "add_subdirectory(b)",
                "a/b/CMakeLists.txt": USES,
            },
            False,
        ),
        ({"CMakeLists.txt": "add_subdirectory(${WHERE})", "src/CMakeLists.txt": USES}, False),
        ({"CMakeLists.txt": "", "cmake/FindX.cmake": USES}, False),
        (
            {
                "CMakeLists.txt": "add_subdirectory(src)\nadd_subdirectory(src)",
                "src/CMakeLists.txt": "add_subdirectory(..)\n" + USES,
            },
            True,
        ),
        # another project within, taken in or not
        (
            {
                "CMakeLists.txt": "add_subdirectory(vendor/y)",
                "vendor/y/pyproject.toml": "",
                "vendor/y/CMakeLists.txt": USES,
            },
            True,
        ),
        (
            {
                "CMakeLists.txt": "if(X)\nadd_subdirectory(vendor/y)\nendif()",
                "vendor/y/pyproject.toml": "",
                "vendor/y/z/a.cmake": USES,
                "vendor/y/CMakeLists.txt": "",
            },
            False,
        ),
        (
            {
                "CMakeLists.txt": "add_subdirectory(vendor/y/cpp)",
                "vendor/y/pyproject.toml": "",
                "vendor/y/cpp/CMakeLists.txt": USES,
            },
            True,
        ),
        (
            {
                "CMakeLists.txt": "add_subdirectory(vendor/y)",
                "vendor/y/CMakeLists.txt": "",
                "vendor/y/pyproject.toml": "",
                "vendor/y/z/pyproject.toml": "",
                "vendor/y/z/CMakeLists.txt": USES,
            },
            None,
        ),
        ({"CMakeLists.txt": "", "vendor/y/pyproject.toml": "", "vendor/y/CMakeLists.txt": USES}, None),
        # which file a build begins with
        ({"pyproject.toml": SCIKIT_BUILD, "CMakeLists.txt": USES}, True),
        (
            {
                "pyproject.toml": SCIKIT_BUILD + "[tool.scikit-build]\ncmake.source-dir = 'cpp'",
                "cpp/CMakeLists.txt": USES,
            },
            True,
        ),
        (
            {
                "pyproject.toml": SCIKIT_BUILD + "[tool.scikit-build]\ncmake.source-dir = 'cpp'",
                "cpp/CMakeLists.txt": "",
                "CMakeLists.txt": USES,
            },
            False,
        ),
        ({"pyproject.toml": "[build-system]\nbuild-backend = 'mesonpy'", "CMakeLists.txt": USES}, False),
        (
            {
                "pyproject.toml": "[build-system]\nbuild-backend = 'mesonpy'",
                "meson.build": "subdir('a')",
                "a/meson.build": MESON,
            },
            True,
        ),
        (
            {
                "pyproject.toml": "[build-system]\nbuild-backend = 'maturin'",
                "build.rs": 'fn main() { println!("cargo:rustc-link-lib=cublas"); }',
            },
            True,
        ),
        ({"pyproject.toml": "[build-system", "CMakeLists.txt": USES}, True),
        ({"setup.py": "setup()", "CMakeLists.txt": USES}, False),
        ({"setup.py": "from skbuild import setup", "CMakeLists.txt": USES}, True),
        ({"setup.py": "run(['cmake', '.'])", "CMakeLists.txt": USES}, True),
        ({"Makefile": "X = -lcublas"}, True),
        ({"CMakeLists.txt": "", "Makefile": "X = -lcublas"}, False),
        ({"Makefile": "", "lib/Makefile": "X = -lcublas"}, False),
        # sources
        ({"setup.py": SETUP, "csrc/x.cu": "#include <cublas_v2.h>"}, True),
        ({"setup.py": SETUP.replace("csrc/x.cu", "x.cu"), "csrc/x.cu": "#include <cublas_v2.h>"}, True),
        (
            {"setup.py": SETUP, "other/csrc/x.cu": "#include <cublas_v2.h>", "csrc/x.cu": "#include <cublas_v2.h>"},
            False,
        ),
        ({"setup.py": SETUP, "csrc/y.cu": "#include <cublas_v2.h>"}, False),
        ({"setup.py": f"if CUDA:\n    {SETUP}", "csrc/x.cu": "#include <cublas_v2.h>"}, False),
        (
            {
                "setup.py": SETUP,
                "csrc/x.cu": '#include "y.h"',
                "csrc/y.h": "#include <inner/z.h>",
                "include/inner/z.h": "#include <cublas_v2.h>",
            },
            True,
        ),
        (
            {"setup.py": SETUP, "csrc/x.cu": '#if A\n#include "y.h"\n#endif', "csrc/y.h": "#include <cublas_v2.h>"},
            False,
        ),
        ({"setup.py": SETUP, "csrc/y.h": "#include <cublas_v2.h>"}, False),
        ({"CMakeLists.txt": "add_library(x x.cu)", "x.cu": "#include <cublas_v2.h>"}, True),
        ({"CMakeLists.txt": "if(X)\nadd_library(x x.cu)\nendif()", "x.cu": "#include <cublas_v2.h>"}, False),
        # what the project brings along
        (
            {
                "setup.py": SETUP,
                "csrc/x.cu": "#include <nvtx3/nvToolsExt.h>",
                "third_party/nvtx3/nvToolsExt.h": "",
            },
            None,
        ),
        ({"CMakeLists.txt": "add_library(CUDA::cublas ALIAS mine)\n" + USES}, None),
        ({"CMakeLists.txt": "add_library(cublas mine.cpp)\ntarget_link_libraries(x cublas)"}, None),
        ({"CMakeLists.txt": "include(FindCUDAToolkit)", "cmake/FindCUDAToolkit.cmake": USES}, None),
        ({"CMakeLists.txt": "CPMAddPackage(NAME cublas)\n" + USES}, False),
    ],
)
def test_what_no_build_goes_without(tmp_path, files, sure):
    """``None``: nothing is asked for at all."""
    for name, text in files.items():
        write(str(tmp_path / name), text.encode())
    found = find_uses(str(tmp_path))
    assert [each.sure for each in found] == ([] if sure is None else [sure] * len(found))
    assert bool(found) is (sure is not None)


def test_what_is_sure_comes_first(tmp_path):
    text = "if(X)\n x(CUDA::cublas CUDA::cufft)\nendif()\nx(CUDA::cufft)"
    write(str(tmp_path / "CMakeLists.txt"), text.encode())
    assert find_uses(str(tmp_path)) == [
        ("CMakeLists.txt:4", "CUDA::cufft", "cufft", True),
        ("CMakeLists.txt:2", "CUDA::cublas", "cublas", False),
    ]
