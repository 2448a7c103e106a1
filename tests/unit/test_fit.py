"""Which toolkit fits what: the metadata of real distributions, and what to say where none fits."""

from __future__ import annotations

import re

import pytest
from checkout import CHECKOUT
from cuda_metadata import REQUIRES, metadata
from fake_toolkit import write, write_distribution

from cuda_shims import fit as fits
from cuda_shims.catalog import contents
from cuda_shims.catalog.tools import is_compiled
from cuda_shims.environment.environment import target_environment
from cuda_shims.errors import NoFitError
from cuda_shims.fit import find_fit, find_torch, spell_requirement

LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
WINDOWS = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"}


@pytest.fixture(autouse=True)
def linux(monkeypatch):
    monkeypatch.setattr(fits, "machine", lambda: LINUX)


@pytest.fixture
def fit(tmp_path):
    """Give a function that installs distributions, each name==version, and asks for one of them."""
    site = str(tmp_path / "site")

    def fit(*installed, of=None):
        for each in ("nothing==1", *installed):
            name, version = each.split("==")
            write_distribution(site, name, version, {}, REQUIRES.get(name, {}).get(version, ()))
        return find_fit(target_environment(site), of)

    fit.site = site
    return fit


@pytest.mark.parametrize(
    ("version", "release"),
    [("2.9.1+cu130", "13.0"), ("2.10.0+cu130", "13.0"), ("2.12.1", "13.0"), ("2.14.1", "13.0"), ("2.15.0", "13.2")],
)
def test_torch(fit, version, release):
    found = fit(f"torch=={version}")
    assert found.requirement == f"cuda-shims[cu{release.replace('.', '')}]"
    assert found.release == release
    assert found.build_requires == [found.requirement, f"torch=={version}"]
    assert found.constraints == [
        f"cuda-toolkit=={release}.*",
        f"nvidia-cuda-nvcc=={release}.*",
        f"nvidia-nvvm=={release}.*",
        f"nvidia-cuda-crt=={release}.*",
        f"nvidia-cuda-runtime=={release}.*",
        f"torch=={version}",
    ]


def test_why(fit):
    assert str(fit("torch==2.15.0").need) == (
        "torch 2.15.0 needs CUDA 13.2 (cuda-toolkit[cublas,cudart,cufft,nvrtc,nvtx]==13.2.2)"
    )


@pytest.mark.parametrize(("version", "release"), [("2.10.0", "12.8"), ("2.0.1", "11.7"), ("2.9.1+cu128", "12.8")])
def test_a_torch_that_no_wheel_compiles_for(fit, version, release):
    with pytest.raises(
        NoFitError, match=rf"needs CUDA {release} \(.*NVIDIA publishes no nvcc for CUDA 1[12] as"
    ) as said:
        fit(f"torch=={version}")
    assert f"name a toolkit of CUDA {release} in CUDA_HOME" in said.value.fix
    assert "+cu130" in said.value.fix


@pytest.mark.parametrize("of", ["vllm", "sglang-kernel", "flashinfer-python"])
def test_what_requires_torch(fit, of):
    versions = {name: next(iter(REQUIRES[name])) for name in ("vllm", "sglang-kernel", "flashinfer-python")}
    found = fit("torch==2.14.1", *(f"{name}=={version}" for name, version in versions.items()), of=of)
    assert (found.requirement, found.torch) == ("cuda-shims[cu130]", "torch==2.14.1")


def test_what_requires_another_torch_than_there_is(fit):
    with pytest.raises(
        NoFitError, match=r"vllm 0.33.0 does not mention CUDA but by torch==2.14.1, which is not installed"
    ):
        fit("torch==2.15.0", "vllm==0.33.0", of="vllm")


@pytest.mark.parametrize("of", [None, "jax-cuda13-plugin", "jax[cuda13]", "jax-cuda13-plugin[with-cuda]"])
def test_jax(fit, of):
    found = fit("jax==0.10.2", "jax-cuda13-plugin==0.10.2", "jax-cuda13-pjrt==0.10.2", of=of)
    assert (found.requirement, found.release, found.torch) == ("cuda-shims[cu13]", "13", "")
    assert "nvidia-cuda-nvcc==13.*" in found.constraints


def test_an_extra_that_was_not_asked_for_says_nothing(fit):
    with pytest.raises(NoFitError, match=r"jax 0.10.2 does not mention CUDA; it needs no toolkit"):
        fit("jax==0.10.2", "jax-cuda13-plugin==0.10.2", of="jax")


def test_an_extra_that_has_a_lowest_release(fit):
    found = fit("flashinfer-python==0.7.4", of="flashinfer-python[ptx]")
    assert found.requirement == spell_requirement(contents.releases()[-1])


def test_numba(fit):
    assert fit("numba-cuda==0.30.4", of="numba-cuda[cu13]").requirement == "cuda-shims[cu13]"
    with pytest.raises(NoFitError, match="no nvcc for CUDA 12"):
        fit(of="numba-cuda[cu12]")


def test_torch_counts_before_all_else(fit):
    found = fit("torch==2.14.1", "cupy-cuda12x==14.2.0", "cupy-cuda13x==14.2.0")
    assert found.requirement == "cuda-shims[cu130]"


def test_a_torch_without_cuda_leaves_it_to_the_others(fit):
    assert fit("torch==2.13.0+cpu", "cupy-cuda13x==14.2.0").requirement == "cuda-shims[cu13]"
    with pytest.raises(NoFitError, match=r"torch 2.13.0\+cpu does not mention CUDA"):
        fit(of="torch")


def test_two_that_differ(fit):
    with pytest.raises(NoFitError, match=r"cupy-cuda12x 14.2.0 needs CUDA 12 .*cupy-cuda13x .*13 .*fits both") as said:
        fit("cupy-cuda12x==14.2.0", "cupy-cuda13x==14.2.0")
    assert said.value.fix.endswith("cuda-shims fit cupy-cuda12x")
    assert fit(of="cupy-cuda13x").requirement == "cuda-shims[cu13]"


def test_a_part_for_each_major_hides_no_pin(fit):
    write_distribution(fit.site, "torch", "2.15.0", {}, ["cuda-toolkit[cudart]==13.2.2", "nixl-cu12", "nixl-cu13"])
    assert fit().requirement == "cuda-shims[cu132]"


@pytest.mark.parametrize(
    ("of", "version"),
    [
        *((name, "13.4.29") for name in ("cuda-toolkit", "nvidia-cuda-nvcc", "nvidia-cuda-runtime", "nvidia-nvvm")),
        ("cuda-toolkit", "13.4"),
    ],
)
def test_a_part_of_the_toolkit_by_its_version(fit, of, version):
    found = fit(f"{of}=={version}", of=of)
    assert found.requirement == "cuda-shims[cu134]"
    assert str(found.need) == f"{of} {version} needs CUDA 13.4 (its version says so)"


def test_a_part_whose_version_says_nothing(fit):
    with pytest.raises(NoFitError, match="cuda-toolkit x does not mention CUDA"):
        fit("cuda-toolkit==x", of="cuda-toolkit")


@pytest.mark.parametrize(
    ("clause", "release"),
    [("", "13"), ("!=13.0", "13"), (">=12.8", "13"), (">=12.8,<14", "13"), ("<14", "13"), (">=14.1", "14")],
)
def test_what_allows_several_majors(fit, clause, release):
    write_distribution(fit.site, "anything", "1", {}, [f"cuda-toolkit{clause}"])
    assert str(fit(of="anything").need) == f"anything 1 needs CUDA {release} (cuda-toolkit{clause})"


def test_one_that_contradicts_itself(fit):
    """A fix that names it would be the command that has just failed."""
    pins = ["cuda-toolkit==13.1.*; python_version < '3.11'", "cuda-toolkit==13.4.*; python_version >= '3.11'"]
    write_distribution(fit.site, "anything", "1", {}, pins)
    with pytest.raises(NoFitError, match="so that no toolkit fits both") as said:
        fit(of="anything")
    assert said.value.fix == "require the toolkit that you compile with, such as cuda-shims[cu134]"


def test_one_that_contradicts_what_it_requires(fit):
    write_distribution(fit.site, "one", "1", {}, ["cuda-toolkit==13.1.*", "other"])
    write_distribution(fit.site, "other", "1", {}, ["cuda-toolkit==13.4.*"])
    for of, fix in (
        (None, "name the one that you compile for: cuda-shims fit one"),
        ("one", "require the toolkit that"),
    ):
        with pytest.raises(NoFitError, match="so that no toolkit fits both") as said:
            fit(of=of)
        assert said.value.fix.startswith(fix)


def test_a_toolkit_that_does_not_fit_says_nothing(fit):
    write_distribution(fit.site, "cuda-toolkit", "13.5.0", {}, ["nvidia-cuda-runtime==13.5.37"])
    write_distribution(fit.site, "nvidia-cuda-nvcc", "13.5.37", {}, ["nvidia-nvvm", "nvidia-cuda-crt"])
    assert fit("torch==2.14.1").requirement == "cuda-shims[cu130]"
    assert fit(of="torch").requirement == "cuda-shims[cu130]"


def test_nothing_that_needs_cuda(fit):
    with pytest.raises(NoFitError, match=r"no distribution in .*site says which CUDA it needs; any toolkit will do"):
        fit("cuda-toolkit==13.5.0")


@pytest.mark.parametrize(
    ("label", "requirement"),
    [
        ("2.8.3+cu13torch2.9cxx11abitrue", "cuda-shims[cu13]"),
        ("2.1.2+pt29cu130", "cuda-shims[cu130]"),
        ("1.0+cu13.2", "cuda-shims[cu132]"),
        ("1.0+cu13.20261101", "cuda-shims[cu13]"),
        ("1.0+cu136", "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.6.*"),
        ("1.0+cu140", "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==14.0.*"),
    ],
)
def test_labels(fit, label, requirement):
    assert fit(f"kernels=={label}").requirement == requirement


@pytest.mark.parametrize(
    ("requires", "requirement"),
    [
        ("cuda-toolkit[nvcc]>=13.1,<13.4", "cuda-shims[cu133]"),
        ("cuda-toolkit>=12.9", "cuda-shims[cu13]"),
        ("nvidia-cuda-runtime>=13.0.48", "cuda-shims[cu13]"),
        ("nvidia-cuda-nvrtc", "cuda-shims[cu13]"),
        ("nvidia-cuda-nvcc~=13.4.1", "cuda-shims[cu134]"),
        ("cuda-toolkit>=14.1", "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==14.1.*"),
        ("nvidia-cudnn-cu13==9.20.0.48", "cuda-shims[cu13]"),
    ],
)
def test_ranges(fit, requires, requirement):
    write_distribution(fit.site, "kernels", "1", {}, [requires])
    assert fit().requirement == requirement


def test_markers_are_of_this_machine(fit, monkeypatch):
    monkeypatch.setattr(fits, "machine", lambda: WINDOWS)
    with pytest.raises(NoFitError, match=r"torch 2.15.0 does not mention CUDA"):
        fit("torch==2.15.0", of="torch")


def test_a_label_says_it_where_nothing_is_required(fit, monkeypatch):
    """PyTorch's own wheels for Windows hold the libraries themselves."""
    monkeypatch.setattr(fits, "machine", lambda: WINDOWS)
    assert fit("torch==2.9.1+cu130", of="torch==2.9.1").requirement == "cuda-shims[cu130]"


@pytest.mark.parametrize("of", ["numpy", "torch==2.14.1", "torch 2.15", "torch[", ""])
def test_what_is_not_installed(fit, of):
    with pytest.raises(NoFitError, match=r"install it there, or give the path of its wheel: fit uses no index") as said:
        fit("torch==2.15.0", of=of)
    assert (", torch 2.15.0 is" in str(said.value)) == of.startswith("torch==")


def test_what_is_named_by_its_path(fit, tmp_path):
    path = write(str(tmp_path / "elsewhere" / "METADATA"), metadata("torch", "2.12.1").encode())
    assert fit("torch==2.15.0", of=path).torch == "torch==2.12.1"
    path = write(str(tmp_path / "vllm.metadata"), metadata("vllm", "0.33.0").encode())
    with pytest.raises(NoFitError, match=r"torch==2.14.1, which is not installed"):
        fit(of=path)


def test_a_circle_of_requirements_ends(fit):
    write_distribution(fit.site, "one", "1", {}, ["two"])
    write_distribution(fit.site, "two", "1", {}, ["one[x]", "torch"])
    assert fit("torch==2.15.0", of="one").requirement == "cuda-shims[cu132]"


def test_the_torch_of_an_environment(fit):
    fit("cupy-cuda13x==14.2.0")
    assert find_torch(target_environment(fit.site)) is None
    fit("torch==2.15.0")
    assert find_torch(target_environment(fit.site)).release == "13.2"


def test_every_release_that_the_table_knows_has_its_extra():
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.findall(r"^(cu\d\d\d+) = ", text, re.MULTILINE)
    releases = [each for each in contents.releases() if is_compiled(each)]
    assert [spell_requirement(each) for each in releases] == [f"cuda-shims[{extra}]" for extra in extras]
