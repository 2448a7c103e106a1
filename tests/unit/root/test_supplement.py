"""What the wheels' folder lacks on Windows: the import libraries, and the folders on search paths that go with them."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_dll import ARM64, ImportLibrary, write_dll
from fake_toolkit import age, write, write_distribution
from roots import make_root, root_path

from _cuda_shims import SEARCH_PATHS, variables
from _cuda_shims.places import Place
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.root.supplement import headers, import_libraries, supplement

pytestmark = pytest.mark.usefixtures("on_windows")

DLLS = "nvidia/cu13/bin/x86_64"
CUBLAS = {
    f"{DLLS}/cublas64_13.dll": write_dll([b"cublasCreate_v2"]),
    f"{DLLS}/cublasLt64_13.dll": write_dll([b"cublasLtCreate"]),
    "nvidia/cu13/include/cublas_v2.h": b"\n",
}


@pytest.fixture
def prefix(prefix):
    """Return an environment with cuBLAS and the runtime's DLL, whose import library is in its wheel."""
    prefix.ours()
    prefix.toolkit()
    write_distribution(prefix.site, "nvidia-cublas", "13.5.1", CUBLAS)
    runtime = {f"{DLLS}/cudart64_13.dll": write_dll([b"cudaFree"]), "nvidia/cu13/lib/x64/cudart.lib": b"!<arch>\n"}
    write_distribution(prefix.site, "nvidia-cuda-runtime", "13.5.37", runtime)
    age(prefix.site)
    return prefix


def folder(prefix):
    return root_path(prefix.site, 13)


def libraries(prefix, machine="x64"):
    return sorted(os.listdir(os.path.join(folder(prefix), "lib", machine)))


def test_each_dll_without_an_import_library_has_one(prefix):
    make_root(prefix.site)
    assert libraries(prefix) == ["cublas.lib", "cublasLt.lib"]
    with open(os.path.join(folder(prefix), "lib/x64/cublas.lib"), "rb") as file:
        imports = ImportLibrary(file.read()).imports()
    assert [(name, dll) for name, dll, *_ in imports] == [(b"cublasCreate_v2", b"cublas64_13.dll")]


def test_arm64(prefix):
    write(os.path.join(prefix.site, "nvidia/cu13/bin/arm64/cufft64_12.dll"), write_dll([b"cufftPlan"], ARM64))
    age(prefix.site)
    make_root(prefix.site)
    assert libraries(prefix, "arm64") == ["cufft.lib"]


def test_what_comes_and_goes(hook, prefix):
    hook(prefix.site)
    new = os.path.join(prefix.site, DLLS, "curand64_10.dll")
    write(new, write_dll([b"curandCreate"]))
    assert Place(prefix.site, 13).fresh_root() is None
    hook(prefix.site)
    assert libraries(prefix) == ["cublas.lib", "cublasLt.lib", "curand.lib"]
    os.unlink(new)
    hook(prefix.site)
    assert libraries(prefix) == ["cublas.lib", "cublasLt.lib"]


@pytest.mark.parametrize("data", [b"", b"MZ", write_dll([b"x"])[:-3], write_dll([]), b"\x7fELF" * 999])
def test_a_dll_that_cannot_be_read_has_none(hook, prefix, data):
    write(os.path.join(prefix.site, DLLS, "curand64_10.dll"), data)
    os.mkfifo(os.path.join(prefix.site, DLLS, "cufft64_12.dll"))
    os.mkdir(os.path.join(prefix.site, DLLS, "cusparse64_12.dll"))
    assert hook(prefix.site)["CUDA_HOME"]
    assert libraries(prefix) == ["cublas.lib", "cublasLt.lib"]


def test_of_two_dlls_with_one_name_the_first_counts(tmp_path):
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    for path, names in (
        (f"{first}/nvrtc64_130_0.alt.dll", [b"alternative"]),
        (f"{first}/nvrtc64_130_0.dll", [b"nvrtcVersion"]),
        (f"{second}/NVRTC64_120_0.DLL", [b"other"]),
        (f"{second}/nvJitLink_130_0.dll", [b"known"]),
    ):
        write(path, write_dll(names))
    found = dict(import_libraries([first, second], {"nvjitlink.lib"}))
    assert list(found) == ["lib/x64/nvrtc.lib"]
    assert [name for name, *_ in ImportLibrary(found["lib/x64/nvrtc.lib"]).imports()] == [b"nvrtcVersion"]


# the variables --------------------------------------------------------------------------------------------------------


def values(said):
    return {name: said[name] for name in ("PATH", "LIB", "INCLUDE") if name in said}


def test_folders_go_last_once(hook, prefix):
    site, here = prefix.site, folder(prefix)
    said = {"LIB": "/msvc/lib:", "INCLUDE": "/msvc/include"}
    for _ in range(2):
        said = values(hook(site, **said))
        assert said == {
            "PATH": f"{site}/nvidia/cu13/bin:/usr/bin:{site}/{DLLS}",
            "LIB": f"/msvc/lib::{here}/lib/x64",
            "INCLUDE": "/msvc/include",
        }


def test_without_a_developer_prompt_the_linker_looks_for_visual_studio(hook, prefix):
    """Clang and lld-link do so while LIB and INCLUDE are unset, or empty."""
    assert "LIB" not in hook(prefix.site)
    assert hook(prefix.site, LIB="")["LIB"] == ""


def test_an_outer_environments_folders_go(hook, prefix, new_prefix):
    outer = new_prefix("outer")
    outer.ours()
    outer.toolkit()
    write_distribution(outer.site, "nvidia-cublas", "13.5.1", CUBLAS)
    age(outer.site)
    variables_ = hook(outer.site, LIB="/msvc/lib")
    assert outer.site in variables_["LIB"]
    said = hook(prefix.site, **variables_)
    assert said["LIB"] == f"/msvc/lib:{folder(prefix)}/lib/x64"
    assert not [value for value in said.values() if outer.site in value]


def test_they_are_taken_back(hook, prefix):
    said = hook(prefix.site, LIB="/msvc/lib")
    back = variables.without_ours(said)
    assert values(back) == {"PATH": "/usr/bin", "LIB": "/msvc/lib"}


def test_headers_of_other_wheels(prefix, tmp_path):
    other, third = str(tmp_path / "cudnn"), str(tmp_path / "nvcomp")
    write(f"{other}/include/cudnn.h", b"cudnn\n")
    write(f"{other}/include/__init__.py")
    write(f"{third}/include/cudnn.h", b"another\n")
    write(f"{third}/include/nvcomp/inner/lz4.h", b"lz4\n")
    write(f"{third}/include/nvcomp/a.h", b"a\n")
    write(f"{other}/bin/cudnn64_9.dll", write_dll([b"cudnnCreate"]))
    assert dict(headers([other, third])) == {
        "include/cudnn.h": b"cudnn\n",
        "include/nvcomp/a.h": b"a\n",
        "include/nvcomp/inner/lz4.h": b"lz4\n",
    }
    toolkit = read_toolkit(Place(prefix.site, 13))
    found = dict(supplement(toolkit, folder(prefix), [other, third]))
    assert "lib/x64/cudnn.lib" in found
    assert found[SEARCH_PATHS].decode().splitlines() == [
        f"PATH={DLLS}",
        f"PATH={other}/bin",
        "LIB=cuda_shims_toolkit/cu13/lib/x64",
        "INCLUDE=cuda_shims_toolkit/cu13/include",
    ]


@pytest.mark.parametrize(
    "data", [b"LIB", b"LIB=\n=\n\nPYTHONPATH=x\n", b"\xff\0", b"PATHx=y\nCUDA_HOME=z\n"], ids=ascii
)
def test_a_list_of_folders_that_nobody_wrote(hook, prefix, data):
    hook(prefix.site)
    with open(os.path.join(folder(prefix), SEARCH_PATHS), "r+b") as file:  # it keeps its time
        file.truncate()
        file.write(data)
    said = hook(prefix.site, LIB="/msvc/lib")
    assert "PYTHONPATH" not in said
    assert said["CUDA_HOME"] == f"{prefix.site}/nvidia/cu13"
    assert said["LIB"] == "/msvc/lib"


def test_no_list_of_folders(hook, prefix):
    hook(prefix.site)
    os.unlink(os.path.join(folder(prefix), SEARCH_PATHS))
    shutil.rmtree(os.path.join(folder(prefix), "lib/x64"))
    assert hook(prefix.site, LIB="/msvc/lib")["LIB"] == f"/msvc/lib:{folder(prefix)}/lib/x64"
