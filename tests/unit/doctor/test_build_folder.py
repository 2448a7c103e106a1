"""What the doctor says of build folders that another toolkit has made."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")


# build folders of another toolkit -------------------------------------------------------------------------------------


def configured(patient, folder, nvcc, version):
    rows = {"CMAKE_CUDA_COMPILER": nvcc, "CMAKE_CUDA_HOST_COMPILER": "", "CMAKE_CUDA_COMPILER_VERSION": version}
    text = "".join(f'set({name} "{value}")\n' for name, value in rows.items())
    write(os.path.join(patient.folder, folder, "CMakeFiles/3.25.1/CMakeCUDACompiler.cmake"), text.encode())


def test_a_build_folder_of_another_release_of_the_toolkit(healthy):
    nvcc = os.path.join(healthy.root, "bin", "nvcc")
    configured(healthy, "build", nvcc, "13.5.37")
    configured(healthy, "build/nothing", "/gone/bin/nvcc", "13.4.92")  # CMake says so by itself
    configured(healthy, "sources", nvcc, "13.4.92")
    assert "build-stale" not in healthy.bad()
    configured(healthy, "cmake-build-debug", nvcc, "13.4.92")
    finding = healthy.bad()["build-stale"]
    folders = "cmake-build-debug (13.4.92)"
    assert (
        finding.what == f"The toolkit has nvcc 13.5.37, but these build folders were made with another one: {folders}."
    )
    assert finding.fix == "remove them, and build again"
    # scikit-build-core's, of a compiler that is named by the wheels' own path
    configured(healthy, "build/cp311", os.path.join(healthy.prefix.site, "nvidia/cu13/bin/nvcc"), "13.0.88")
    write(os.path.join(healthy.folder, "build/cp311/.skbuild-info.json"), b"{}")
    finding = healthy.bad()["build-stale"]
    assert finding.what.endswith(": build/cp311 (13.0.88), cmake-build-debug (13.4.92).")
    assert finding.fix.endswith("an editable install: install again")


@pytest.mark.parametrize(
    "text", [b"", b'set(CMAKE_CUDA_COMPILER "")', b'set(CMAKE_CUDA_COMPILER_VERSION "13.4.92")', None]
)
def test_what_is_no_build_folder(healthy, text):
    path = os.path.join(healthy.folder, "build/CMakeFiles/4.4.5/CMakeCUDACompiler.cmake")
    if text is None:
        os.makedirs(path)
    else:
        write(path, text)
    write(os.path.join(healthy.folder, "build.log"), b"x")
    assert "build-stale" not in healthy.bad()
    assert "check-failed" not in healthy.bad()


def test_build_folders_where_there_is_no_compiler(patient):
    configured(patient, "build", "/v/bin/nvcc", "13.4.92")
    assert "build-stale" not in patient.bad()
