"""What the doctor says when a wheel is not there that a project asks for, or that its build should bring."""

from __future__ import annotations

import os
import re

import pytest
from fake_toolkit import write, write_distribution
from patient import only

from cuda_shims.catalog import tools
from cuda_shims.doctor import project, source_tree


@pytest.mark.parametrize(
    ("requires", "extras"),
    [
        ([], None),
        (["setuptools", "cuda-shims"], None),
        (["cuda-toolkit[cccl, NVCC]==13.*"], {"cccl", "nvcc", "nvvm", "cudart", "crt"}),
        (["Cuda_Toolkit[cusolver,nothing]"], {"cusolver", "cublas", "nvrtc", "cusparse", "nvjitlink"}),
        (["cuda-toolkit"], set()),
        (["nvidia-curand==10.*", "@"], {"curand"}),
        (["nvidia-nccl-cu13>=2.29"], {"nvidia-nccl"}),
        (["Nvidia_cuDNN_cu13", "nvidia-mathdx"], {"nvidia-cudnn", "nvidia-mathdx", "cublas", "nvrtc"}),
        (["cuda-shims[cu13]"], {"nvcc", "nvvm", "crt", "cudart", "cccl"}),
        (["cuda-toolkit[nvcc]", "torch>=2"], None),
        (["cuda-toolkit[nvcc]", "cupy-cuda13x"], None),
    ],
)
def test_what_requirements_bring(requires, extras):
    assert project.read_parts(requires) == extras


@pytest.mark.parametrize("requirement", ["cuda-toolkit[all]==13.*", "cuda-shims[cu13-all]"])
def test_all_brings_all(requirement):
    assert project.read_parts([requirement]) == {each.extra for each in tools.COMPONENTS}


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (["x", "cuda-toolkit[nvcc,cccl]==13.*"], "cuda-toolkit[cccl,cublas,nvcc]==13.*"),
        (
            ["cuda_toolkit == 13.5.0 ; sys_platform == 'linux'"],
            "cuda-toolkit[cublas]== 13.5.0 ; sys_platform == 'linux'",
        ),
        (["cuda-shims[cu13]"], None),
    ],
)
def test_the_requirement_as_it_should_be(requires, expected):
    assert project.add_extras(requires, ["cublas"]) == expected


# what the doctor says ------------------------------------------------------------------------------------------------


def write_project(patient, requires, **files):
    if requires is not None:
        text = f"[build-system]\nrequires = {requires!r}\n"
        write(os.path.join(patient.folder, "pyproject.toml"), text.encode())
    for name, text in files.items():
        write(os.path.join(patient.folder, name.replace("_", ".")), text.encode())


ALL_OF_THEM = ["cuda-shims", "cuda-toolkit[cccl,cudart,nvcc]==13.*"]


def test_a_project_that_uses_what_is_there(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cudart CUDA::cuda_driver")
    assert healthy.examine()[-1].code == "needs"
    assert healthy.bad() == {}


def test_a_project_without_pyproject(healthy):
    build = "add_library(x main.cu)\nx(CUDA::cublas CUDA::cublasLt)"
    write_project(healthy, None, CMakeLists_txt=build, main_cu="#include <curand.h>")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "error")
    assert found.what == (
        "The project uses more than is installed: "
        "CUDA::cublas (CMakeLists.txt:2) of nvidia-cublas, curand.h (main.cu:1) of nvidia-curand."
    )
    assert found.fix.endswith('"cuda-toolkit[cublas,curand]==13.5.*"')


COMPANIONS = {"CMakeLists_txt": "find_package(NCCL REQUIRED) add_library(x main.cu)", "main_cu": "#include <cudnn.h>"}
NAMED = "find_package(NCCL) (CMakeLists.txt:1) of nvidia-nccl-cu{0}, cudnn.h (main.cu:1) of nvidia-cudnn-cu{0}."


def test_companions_without_pyproject(healthy):
    write_project(healthy, None, **COMPANIONS)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "error")
    assert found.what == f"The project uses more than is installed: {NAMED.format(13)}"
    assert found.fix.endswith(" nvidia-nccl-cu13 nvidia-cudnn-cu13")
    for name in ("nvidia-nccl-cu13", "nvidia-cudnn-cu12"):
        write_distribution(healthy.prefix.site, name, "2.1", {})
    assert only(healthy.bad()).fix.endswith(" install nvidia-cudnn-cu13")
    write_distribution(healthy.prefix.site, "nvidia-cudnn-cu13", "9.28", {})
    assert "need-missing" not in healthy.bad()


def test_companions_beside_what_the_toolkit_lacks(healthy):
    write_project(healthy, None, CMakeLists_txt="CUDA::cublas NCCL::NCCL")
    found = only(healthy.bad())
    assert (found.level, found.fix.partition("install ")[2]) == (
        "error",
        '"cuda-toolkit[cublas]==13.5.*" nvidia-nccl-cu13',
    )


def test_a_requirement_that_lacks_companions(healthy):
    write_project(healthy, ALL_OF_THEM, **COMPANIONS)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-undeclared", "error")
    assert found.fix == 'in pyproject.toml, add "nvidia-cudnn-cu13" and "nvidia-nccl-cu13"'
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas NCCL::NCCL", main_cu="")
    found = only(healthy.bad())
    changed = '"cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'
    assert (found.level, found.fix) == ("error", f'in pyproject.toml: {changed}, and add "nvidia-nccl-cu13"')


def test_what_torch_may_bring(healthy):
    write_project(healthy, ["torch"], CMakeLists_txt="x(NCCL::NCCL CUDA::cublas)")
    found = healthy.bad()["need-missing"]
    assert (found.code, found.level, found.why.partition(",")[0]) == (
        "need-missing",
        "warning",
        "without build isolation",
    )


def test_a_companion_is_required_and_the_toolkit_comes_from_elsewhere(healthy):
    write_project(healthy, ["custatevec-cu12"], CMakeLists_txt="CUDA::cudart CUDA::cublas")
    found = healthy.bad()["need-missing"]
    assert found.level == "error"
    assert "cudart" not in found.what


OPTIONAL = "if(USE_CUBLAS)\n  target_link_libraries(x CUDA::cublas CUDA::cufft_static)\nendif()\nx(CUDA::cufft)"


def test_what_a_build_may_do_without_is_a_hint(healthy):
    write_project(healthy, None, CMakeLists_txt=OPTIONAL.replace("CUDA::cufft)", "CUDA::cudart)"))
    found = healthy.bad()
    assert [each.level for each in found.values()] == ["hint", "hint"]
    assert found["need-nowhere"].what.startswith(
        "The project may use something that no wheel of CUDA 13 holds: CUDA::cufft_static"
    )
    optional = found["need-optional"]
    assert optional.what == (
        "The project may use more than is installed: CUDA::cublas (CMakeLists.txt:2) of nvidia-cublas."
    )
    assert optional.fix.endswith('install "cuda-toolkit[cublas]==13.5.*"')
    write_project(healthy, ALL_OF_THEM)
    optional = healthy.bad()["need-optional"]
    assert "may use more than its build-system.requires installs: CUDA::cublas" in optional.what
    assert optional.fix.endswith('in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"')
    write_project(healthy, ["cuda-toolkit[cublas,nvcc]"])
    assert "need-optional" not in healthy.bad()


def test_what_a_build_may_do_without_beside_what_it_wants(healthy):
    write_project(healthy, None, CMakeLists_txt=OPTIONAL + "\nx(CUDA::npps_static)")
    found = healthy.bad()
    assert {code: each.level for code, each in found.items()} == {
        "need-nowhere": "error",
        "need-missing": "error",
        "need-optional": "hint",
    }
    assert "cufft" not in found["need-nowhere"].what
    assert "cufft" in found["need-missing"].what
    assert "cufft" not in found["need-optional"].what


def test_a_requirement_that_lacks_an_extra(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-undeclared", "error")
    assert "CUDA::cublas (CMakeLists.txt:1) of nvidia-cublas" in found.what
    assert found.fix == 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'


def test_a_requirement_that_is_lacking(healthy):
    write_project(healthy, ["cuda-shims[cu13]"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.fix) == ("need-undeclared", 'in pyproject.toml, add "cuda-toolkit[cublas]==13.5.*"')


@pytest.mark.parametrize(
    ("requires", "level", "fix"),
    [
        (
            ["setuptools"],
            "warning",
            'in pyproject.toml, add "cuda-toolkit[cccl,cudart,nvcc]==13.5.*", and add "cuda-shims"',
        ),
        (["cuda-shims"], "warning", 'in pyproject.toml, add "cuda-toolkit[cccl,cudart,nvcc]==13.5.*"'),
        (["cuda-toolkit[nvcc]", "cuda-shim"], "warning", 'in pyproject.toml, add "cuda-shims"'),
        (["cuda-toolkit[cccl,cudart]", "cuda-shims"], "warning", 'in pyproject.toml: "cuda-toolkit[cccl,cudart,nvcc]"'),
        (["cuda-toolkit", "cuda-shims"], "error", 'in pyproject.toml: "cuda-toolkit[cccl,cudart,nvcc]"'),
    ],
)
def test_this_environments_toolkit_hides_what_an_isolated_build_lacks(healthy, requires, level, fix):
    """One line has all of it: after it, nothing is left to say, and the build of an empty environment passes."""
    write_project(healthy, requires, CMakeLists_txt="CUDA::cudart")
    found = only(healthy.bad())
    assert (found.level, found.fix) == (level, fix)
    write_project(healthy, [*re.findall('"([^"]+)"', fix), "cuda-shims", *requires], CMakeLists_txt="CUDA::cudart")
    assert healthy.bad() == {}


@pytest.mark.parametrize(("build", "level"), [("if(GPU)\nx(CUDA::cudart)\nendif()", "hint"), ("", "warning")])
def test_how_sure_it_is_that_an_isolated_build_lacks_a_toolkit(healthy, build, level):
    """A part that a build may do without; requirements alone, of a build that runs nvcc by its name."""
    write_project(healthy, ["cuda-shims"] if not build else ["setuptools"], CMakeLists_txt=build)
    assert only(healthy.bad()).level == level


def test_what_is_required_and_not_installed_here(healthy):
    write_project(healthy, ["cuda-toolkit[nvcc,cublas]", "cuda-shims"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "warning")


def test_what_no_wheel_holds(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas_static")
    found = only(healthy.bad())
    assert found.code == "need-nowhere"
    assert "CUDA::cublas_static (CMakeLists.txt:1)" in found.what


@pytest.mark.parametrize("text", ["build-system = 1", "[build-system]\nrequires = 1"])
def test_a_pyproject_that_says_nothing(healthy, text):
    write_project(healthy, None, CMakeLists_txt="CUDA::cudart", pyproject_toml=text)
    assert healthy.bad() == {}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("x = ", "error"),
        ("[tool.cuda-shims\n", "error"),
        ("x = '\xff'", "error"),
        ("a" + ".a" * 5000 + " = 1", "warning"),
        ("#" * (1024 * 1024 + 1), "warning"),
    ],
)
@pytest.mark.parametrize("build", ["", "CUDA::cublas"])
def test_a_pyproject_that_cannot_be_read(healthy, text, level, build):
    """It is said once, whether the project has something to do with CUDA or not."""
    write_project(healthy, None, CMakeLists_txt=build)
    write(os.path.join(healthy.folder, "pyproject.toml"), text.encode("latin-1"))
    found = healthy.bad()
    assert list(found) == ["pyproject-unreadable", *(["need-missing"] if build else [])]
    assert found["pyproject-unreadable"].level == level
    assert "pyproject.toml" in found["pyproject-unreadable"].what


# a build that brings its own toolkit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("requires", [ALL_OF_THEM, ["torch", "cuda-shims[cu13]"]])
def test_a_build_brings_its_own_toolkit(patient, requires):
    """What ``uvx cuda-shims doctor`` sees: we are alone in the environment."""
    patient.ours()
    write_project(patient, requires, CMakeLists_txt="CUDA::cudart CUDA::cuda_driver")
    found = patient.bad()["no-toolkit"]
    assert found.level == "hint"
    assert "build-system.requires installs one" in found.what
    assert [each.code for each in patient.examine() if each.level == "error"] == []


@pytest.mark.parametrize(
    ("requires", "fix"),
    [
        (
            ["setuptools"],
            'in pyproject.toml, add "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*", and add "cuda-shims"; ',
        ),
        (["cuda-shims"], 'in pyproject.toml, add "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"; '),
        (
            ["cuda-toolkit[cudart]==13.4.*", "cuda-shims"],
            'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.4.*"; ',
        ),
        (
            ["cuda-toolkit[nvcc]==13.*"],
            'in pyproject.toml: "cuda-toolkit[cublas,nvcc]==13.*", and add "cuda-shims"; ',
        ),
    ],
)
def test_a_build_brings_no_toolkit(patient, requires, fix):
    patient.ours()
    write_project(patient, requires, CMakeLists_txt="if(X)\nx(CUDA::cufft)\nendif()\nx(CUDA::cudart CUDA::cublas)")
    found = patient.bad()["no-toolkit"]
    assert found.level == "error"
    assert "build-system.requires does not install one" in found.what
    assert found.fix.startswith(f"{fix}for a build without isolation: pip ")


@pytest.mark.parametrize("requires", [None, ["setuptools"]])
def test_a_project_that_has_nothing_to_do_with_cuda(patient, requires):
    patient.ours()
    write_project(patient, requires, CMakeLists_txt="add_library(x x.c)")
    found = patient.bad()["no-toolkit"]
    assert (found.level, found.fix.startswith("pip ")) == ("error", True)


def test_each_file_is_read_once(patient, monkeypatch):
    """Two checks ask what the project uses, and it may have a thousand files."""
    read = []
    real = source_tree.read_file
    monkeypatch.setattr(source_tree, "read_file", lambda name, text: read.append(name) or real(name, text))
    patient.ours()
    write_project(patient, ["setuptools"], CMakeLists_txt="x(CUDA::cublas)")
    assert "no-toolkit" in patient.bad()
    assert sorted(read) == ["CMakeLists.txt", "pyproject.toml"]
