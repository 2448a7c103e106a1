"""Each state that the doctor has a word for, made of small files; and that no state makes it raise."""

from __future__ import annotations

import os
import platform
import shutil
import sys

import pytest
from fake_toolkit import OLD, age, component_files, write, write_distribution, write_shim

from cuda_shims import (
    api,
    catalog,
    doctor,
    envvars,
    findings,
    host_compilers,
    processes,
    root_maker,
    search,
    surroundings,
)
from cuda_shims.doctor import examine
from cuda_shims.environments import Environment
from cuda_shims.findings import Finding

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")

#: a tool that says like nvcc --dryrun where it takes its toolkit to be
TOOL = b'#!/bin/sh\n[ -z "$FAKE_EXIT" ] || { echo "$FAKE_SAYS"; exit "$FAKE_EXIT"; }\necho "#\\$ TOP=${0%/*}/.." >&2\n'
#: that of CUDA 13.5, as far as it is about limits
HOST_CONFIG = b"""\
#if defined(__GRCO_CLANG_COMPILER__)
#if (__GRCO_CLANG_COMPILER__ == 1) && ((__clang_major__ < 16) || (__clang_major__ > 22))
#endif
#endif
#if defined(__GNUC__)
#if __GNUC__ > 16
#error -- unsupported GNU version! gcc versions later than 16 are not supported!
#endif
#if defined(__HORIZON__)
#if (__clang_major__ >= 22) || (__clang_major__ < 3)
#endif
#endif
#if defined(__clang__) && !defined(__ICC) && !defined(__HORIZON__)

#if (__clang_major__ >= 23) || (__clang_major__ < 3) || ((__clang_major__ == 3) &&  (__clang_minor__ < 3))
#endif
#endif
"""
#: the codes of a toolkit and an environment that nothing is wrong with, in order
HEALTHY = [
    "platform",
    "toolkit",
    "components",
    "versions",
    "executables",
    "root",
    "hook",
    "shims",
    "path",
    "variables",
    "host-compiler",
    "nvcc",
]


class Patient:
    """An environment that a test spoils in one way."""

    def __init__(self, prefix, folder):
        self.prefix = prefix
        self.folder = str(folder)
        self.tools = os.path.join(self.folder, "tools")
        self.dist_info = None
        self.is_target = False
        self.environ = {"PATH": f"{prefix.bin}:{self.tools}"}
        self.compiler("gcc", __GNUC__=12)

    def compiler(self, name, said="", code=0, **macros):
        lines = [f"#define {macro} {value}" for macro, value in {"__x86_64__": 1, **macros}.items()]
        text = "#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in [*lines, said]) + f"exit {code}\n"
        return write(os.path.join(self.tools, name), text.encode(), 0o755)

    def toolkit(self, version="13.5.37", components=tuple(catalog.COMPILER_COMPONENTS), tool=TOOL):
        path = self.prefix.toolkit(version, components, tool)
        if "nvidia-cuda-crt" in components:
            write(os.path.join(path, "include", "crt", "host_config.h"), HOST_CONFIG)
            age(path)
        return path

    def component(self, name, version, metadata=None):
        """Install one component with the files of one version and the name of another."""
        files = {f"nvidia/cu13/{path}": data for path, data in component_files(version, TOOL)[name].items()}
        if name == "nvidia-cuda-crt":
            files["nvidia/cu13/include/crt/host_config.h"] = HOST_CONFIG
        write_distribution(self.prefix.site, name, metadata or version, files)
        age(self.prefix.site)

    def ours(self):
        self.dist_info = self.prefix.ours()

    @property
    def environment(self):
        label = self.prefix.site if self.is_target else f"the environment of {self.prefix.bin}/python"
        return Environment((self.prefix.site,), self.prefix.bin, self.dist_info, is_target=self.is_target, label=label)

    def install(self, **options):
        api.install(self.environment, driver_stub=False, **options)

    @property
    def root(self):
        return search.fresh_root(self.prefix.site, 13)

    def examine(self, **environ):
        """Return the findings; a variable that is ``None`` is unset."""
        merged = {**self.environ, **environ}
        return examine(
            self.environment, {name: value for name, value in merged.items() if value is not None}, self.folder
        )

    def bad(self, **environ):
        """Return what is wrong, code to finding."""
        found = self.examine(**environ)
        assert all(each.what.endswith((".", "!")) and each.level in {"ok", "warning", "error"} for each in found)
        bad = [each for each in found if each.level != "ok"]
        assert all(each.why and each.fix for each in bad)
        assert len({each.code for each in bad}) == len(bad), found
        return {each.code: each for each in bad}


@pytest.fixture
def patient(prefix, tmp_path):
    return Patient(prefix, tmp_path)


@pytest.fixture
def healthy(patient):
    """An environment with all wheels, our shims and hook, and a root."""
    patient.toolkit()
    patient.ours()
    patient.install()
    return patient


def only(found):
    (finding,) = found.values()
    return finding


def codes(found):
    return [each.code for each in found]


# --- nothing wrong ---


def test_healthy(healthy):
    found = healthy.examine()
    assert codes(found) == HEALTHY
    assert {each.level for each in found} == {"ok"}
    assert not any(each.fix for each in found)


def test_order_and_text_are_stable(healthy):
    assert healthy.examine() == healthy.examine()


@pytest.mark.parametrize("version", ["13.0.88", "13.1.115", "13.2.86", "13.4.92"])
def test_healthy_in_each_release(patient, version):
    patient.toolkit(version)
    patient.ours()
    patient.install()
    assert patient.bad() == {}


def test_healthy_in_this_process(healthy, monkeypatch):
    monkeypatch.setattr(sys, "path", [healthy.prefix.site, *sys.path])
    found = healthy.examine(**envvars.root_variables(healthy.root))
    assert codes(found) == HEALTHY
    assert "has run in this process" in found[HEALTHY.index("hook")].what


# --- what is not installed ---


def test_no_toolkit(patient):
    patient.ours()
    found = patient.bad()
    assert found["no-toolkit"].level == "error"
    assert found["no-toolkit"].fix == f'pip --python {patient.prefix.bin}/python install "{catalog.BUNDLE}"'
    assert "nvcc" not in found


def test_fixes_name_no_place_in_this_process(patient, monkeypatch):
    monkeypatch.setattr(sys, "path", [patient.prefix.site, *sys.path])
    monkeypatch.setattr(findings, "find_toolkits", lambda *_: [])
    assert patient.bad()["no-toolkit"].fix == f'pip install "{catalog.BUNDLE}"'
    assert patient.bad()["not-installed"].fix == "pip install cuda-shims"


def test_a_toolkit_elsewhere_on_the_path_of_this_process_counts(healthy, new_prefix, monkeypatch):
    other = new_prefix("other")
    monkeypatch.setattr(sys, "path", [other.site, healthy.prefix.site])
    environment = healthy.environment._replace(site_dirs=(other.site,), dist_info=None)
    found = examine(environment, healthy.environ, healthy.folder)
    assert "toolkit" in codes(found)


def test_older_cuda_has_no_compiler(patient):
    write_distribution(patient.prefix.site, "nvidia-cuda-nvcc-cu11", "11.8.89", {"nvidia/cuda_nvcc/bin/ptxas": TOOL})
    assert "nvidia-cuda-nvcc-cu11 11.8.89 holds no nvcc" in patient.bad()["no-toolkit"].why


def test_placeholder(patient):
    write_distribution(patient.prefix.site, "nvidia-cuda-nvcc", "0.0.0a0", {"nvidia_cuda_nvcc/__init__.py": b""})
    found = patient.bad()
    assert found["placeholder-wheel"].level == "error"
    assert "musl" in found["placeholder-wheel"].why
    assert "no-toolkit" not in found


def test_nvcc_without_its_files(patient):
    patient.toolkit()
    patient.ours()
    patient.install()
    shutil.rmtree(os.path.join(patient.prefix.site, "nvidia"))
    found = patient.bad()
    assert found["empty-wheel"].fix.endswith("install --force-reinstall --no-deps nvidia-cuda-nvcc==13.5.37")


@pytest.mark.parametrize(
    ("missing", "extra"),
    [
        ("nvidia-cuda-nvcc", "nvcc"),
        ("nvidia-nvvm", "nvvm"),
        ("nvidia-cuda-crt", "crt"),
        ("nvidia-cuda-runtime", "cudart"),
        ("nvidia-cuda-cccl", "cccl"),
    ],
)
def test_component_missing(patient, missing, extra):
    patient.toolkit(components=[name for name in catalog.COMPILER_COMPONENTS if name != missing])
    patient.ours()
    patient.install()
    found = patient.bad()["component-missing"]
    assert found.level == ("warning" if extra == "cccl" else "error")
    assert missing in found.what
    assert found.fix == f'pip --python {patient.prefix.bin}/python install "cuda-toolkit[{extra}]==13.5.*"'


def test_nvcc_alone(patient):
    patient.toolkit("13.4.92", ["nvidia-cuda-nvcc"])
    patient.ours()
    patient.install()
    found = only({code: each for code, each in patient.bad().items() if code.startswith("component")})
    assert found.fix.endswith('install "cuda-toolkit[nvvm,crt,cudart,cccl]==13.4.*"')


def test_libraries_alone(patient):
    """Wheels that torch brings are a toolkit without a compiler: what is about nvcc is not asked."""
    patient.toolkit(components=["nvidia-cuda-runtime"])
    patient.ours()
    patient.install()
    found = patient.examine()
    assert "component-missing" in codes(found)
    assert not {"path", "path-none", "nvcc", "versions", "header-mismatch"} & set(codes(found))


def test_a_file_of_a_component_is_gone(healthy):
    os.unlink(os.path.join(healthy.prefix.site, "nvidia/cu13/nvvm/bin/cicc"))
    found = healthy.bad()["component-broken"]
    assert found.level == "error"
    assert found.fix.endswith("install --force-reinstall --no-deps nvidia-nvvm==13.5.37")


# --- what does not fit together ---


def test_floated_components(patient):
    """What ``pip install nvidia-cuda-nvcc==13.0.88`` gives."""
    patient.component("nvidia-cuda-nvcc", "13.0.88")
    for name in catalog.COMPILER_COMPONENTS[1:]:
        patient.component(name, "13.5.37")
    patient.ours()
    patient.install()
    found = patient.bad()
    assert list(found) == ["version-mismatch", "header-mismatch"]
    for each in found.values():
        assert each.fix.endswith('install "cuda-toolkit[nvcc,nvvm,crt,cudart,cccl]==13.0.*"')
    assert found["version-mismatch"].level == "error"
    assert "nvidia-nvvm 13.5.37 and nvidia-cuda-crt 13.5.37" in found["version-mismatch"].what
    assert found["header-mismatch"].level == "warning"
    assert "headers are incompatible" in found["header-mismatch"].why


@pytest.mark.parametrize("other", ["nvidia-nvvm", "nvidia-cuda-crt"])
def test_one_component_floated(patient, other):
    for name in catalog.COMPILER_COMPONENTS:
        patient.component(name, "13.5.37", "13.4.92" if name == other else None)
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert found.code == "version-mismatch"
    assert f"{other} 13.4.92" in found.what


@pytest.mark.parametrize("version", ["13.4.92", "13.6.1"])
def test_headers_of_another_release(patient, version):
    for name in catalog.COMPILER_COMPONENTS:
        patient.component(name, version if name == "nvidia-cuda-runtime" else "13.5.37")
    patient.ours()
    patient.install()
    assert list(patient.bad()) == ["header-mismatch"]


def test_versions_of_one_release_that_differ_as_text(patient):
    for name, version in zip(
        catalog.COMPILER_COMPONENTS,
        ["13.3.73", "13.3.73", "13.3.33", "13.3.29", "13.3.3.4.1"],
    ):
        patient.component(name, "13.3.1", version)
    patient.ours()
    patient.install()
    assert patient.bad() == {}


def test_wheels_without_metadata(healthy):
    """A copied tree has no versions to compare, and no line that installs a wheel again."""
    for folder in os.listdir(healthy.prefix.site):
        if folder.startswith("nvidia_"):
            shutil.rmtree(os.path.join(healthy.prefix.site, folder))
    os.chmod(os.path.join(healthy.prefix.site, "nvidia/cu13/bin/nvcc"), 0o644)
    age(healthy.prefix.site)
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    healthy.install()
    found = healthy.bad()
    assert found["not-executable"].fix.endswith("--no-deps nvidia-cuda-nvcc")
    assert found["nvcc-fails"].fix.startswith("repair ")


# --- what is not as installed ---


@pytest.mark.parametrize(("tool", "level"), [("ptxas", "error"), ("cuobjdump", "warning")])
def test_executable_bit_lost(patient, tool, level):
    patient.toolkit(components=[*catalog.COMPILER_COMPONENTS, "nvidia-cuda-cuobjdump"])
    patient.ours()
    patient.install()
    os.chmod(os.path.join(patient.prefix.site, "nvidia/cu13/bin", tool), 0o644)
    found = only(patient.bad())
    assert (found.code, found.level) == ("not-executable", level)
    assert found.what == f"Not executable: {tool}."
    assert found.fix.endswith(f"{catalog.find_tool(tool).distribution}==13.5.37")


def test_root_missing(healthy):
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    found = healthy.bad()["root-missing"]
    assert found.level == "warning"
    assert found.fix == f"cuda-shims root --python {healthy.prefix.bin}/python"
    assert f"{healthy.prefix.site}/nvidia/cu13, serves" in found.why


def test_root_stale(healthy):
    os.utime(os.path.join(healthy.prefix.site, "nvidia/cu13/bin"))
    assert list(healthy.bad()) == ["root-stale"]


def deny(monkeypatch, *folders):
    """Make folders read-only, for root too."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK or path not in folders, raising=True)
    assert real(folders[0], os.R_OK)


def test_root_cannot_be_made(healthy, tmp_path, monkeypatch):
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site, str(tmp_path))
    found = healthy.bad()["root-unwritable"]
    assert found.level == "error"
    assert "XDG_CACHE_HOME" in found.fix
    assert str(tmp_path / "user-cache") in found.what


def test_root_would_be_made_in_the_cache(healthy, tmp_path, monkeypatch):
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site)
    assert str(tmp_path / "user-cache") in healthy.bad()["root-missing"].what


def test_root_is_in_the_cache_for_want_of_rights(healthy, monkeypatch):
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site)
    root = root_maker.make_root(healthy.prefix.site, 13)
    found = healthy.examine()
    assert "root" in codes(found)
    (what,) = (each.what for each in found if each.code == "root")
    assert root in what
    assert "is not ours to write to" in what


def test_path_with_a_space(new_prefix, tmp_path):
    patient = Patient(new_prefix("my env"), tmp_path)
    patient.toolkit()
    patient.ours()
    patient.install()
    found = patient.examine()
    assert {each.level for each in found} == {"ok"}
    (what,) = (each.what for each in found if each.code == "root")
    assert str(tmp_path / "user-cache") in what
    assert "has a space" in what


def test_no_plain_path_anywhere(new_prefix, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    patient = Patient(new_prefix("my env"), tmp_path)
    patient.toolkit()
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert found.code == "root-path"
    assert found.fix.startswith("export XDG_CACHE_HOME as")


def test_environment_moved_below_a_space(healthy, new_prefix, tmp_path):
    """Its links are relative, so its root is whole, but it is where CMake cannot use it: another one is wanted."""
    os.rename(healthy.prefix.path, tmp_path / "my env")
    patient = Patient(new_prefix("my env"), tmp_path)
    patient.dist_info = healthy.dist_info.replace(healthy.prefix.path, patient.prefix.path)
    found = patient.bad()["root-missing"]
    assert search.outside_root_path(patient.prefix.site, 13) in found.what
    assert found.fix.startswith("cuda-shims root")


# --- our own files ---


def test_not_installed(patient):
    patient.toolkit()
    patient.install()
    assert list(patient.bad()) == ["not-installed"]
    for tool in catalog.SHIPPED_SHIMS:
        os.unlink(os.path.join(patient.prefix.bin, tool))
    write(os.path.join(patient.prefix.bin, "activate"))
    assert list(patient.bad()) == ["not-installed"]


@pytest.mark.parametrize("name", ["cuda_shims.pth", "cuda_shims.start"])
def test_hook_missing(healthy, name):
    os.unlink(os.path.join(healthy.prefix.site, name))
    found = only(healthy.bad())
    assert found.code == "hook-missing"
    assert found.fix == f"cuda-shims install --python {healthy.prefix.bin}/python"
    healthy.install()
    assert healthy.bad() == {}


def test_hook_of_another_version(healthy):
    write(os.path.join(healthy.prefix.site, "cuda_shims.pth"), b"import cuda_shims_of_old\n")
    assert "not that of this version" in only(healthy.bad()).what


def test_hook_off(healthy):
    found = only(healthy.bad(CUDA_SHIMS_STARTUP="0"))
    assert (found.code, found.fix) == ("hook-off", "unset CUDA_SHIMS_STARTUP")


@pytest.mark.parametrize("marker", [None, "/somewhere/else"])
def test_hook_has_not_run(healthy, monkeypatch, marker):
    monkeypatch.setattr(sys, "path", [healthy.prefix.site, *sys.path])
    assert list(healthy.bad(CUDA_SHIMS_ROOT=marker)) == ["hook-not-run"]


def test_target(patient):
    patient.toolkit()
    patient.ours()
    patient.is_target = True
    found = patient.bad()
    assert found["hook-missing"].fix == f"cuda-shims install --target {patient.prefix.site}"
    patient.install()
    assert patient.bad() == {}
    write(os.path.join(patient.prefix.site, "sitecustomize.py"), b"print('mine')\n")
    found = only(patient.bad())
    assert found.code == "hook-foreign"
    assert "no installed distribution" in found.what
    assert "_cuda_shims.main()" in found.fix


def test_a_prefix(patient, tmp_path):
    site = patient.prefix.site
    environment = Environment((site,), patient.prefix.bin, None, is_target=True, label=patient.prefix.path)
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    found = {each.code: each for each in doctor.examine(environment, patient.environ, str(tmp_path))}
    place = f"--prefix {patient.prefix.path}"
    assert found["not-installed"].fix == f"pip install {place} cuda-shims"
    assert found["root-missing"].fix == f"cuda-shims root {place}"


def test_target_without_a_component(patient):
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    patient.is_target = True
    fix = patient.bad()["component-missing"].fix
    assert fix == f'pip install --target {patient.prefix.site} "cuda-toolkit[nvvm,crt,cudart,cccl]==13.5.*"'


def test_shim_missing(healthy):
    os.unlink(os.path.join(healthy.prefix.bin, "ptxas"))
    found = only(healthy.bad())
    assert (found.code, found.level) == ("shim-missing", "warning")
    assert "ptxas" in found.what


def test_shim_of_another_version(healthy):
    write_shim(healthy.prefix.bin, "nvcc")  # as in the wheel: it names no toolkit
    assert only(healthy.bad()).code == "shim-stale"


def test_shim_overwritten(healthy):
    script = write(os.path.join(healthy.prefix.bin, "bin2c"), b"#!/usr/bin/python3\n", 0o755)
    record = write_distribution(healthy.prefix.site, "nvidia-cuda-dispatch", "13.5.37", {})
    with open(os.path.join(record, "RECORD"), "a", encoding="utf-8") as file:
        file.write(f"{os.path.relpath(script, healthy.prefix.site)},,\n")
    found = only(healthy.bad())
    assert found.code == "shim-foreign"
    assert "nvidia-cuda-dispatch 13.5.37" in found.what
    assert found.fix == f"cuda-shims install --python {healthy.prefix.bin}/python --force"
    healthy.install(force=True)
    assert healthy.bad() == {}


# --- PATH ---


def test_another_nvcc_on_path(healthy):
    other = os.path.dirname(write(os.path.join(healthy.folder, "other", "bin", "nvcc"), b"#!/bin/sh\n", 0o755))
    found = only(healthy.bad(PATH=f"{other}:{healthy.environ['PATH']}"))
    assert (found.code, found.level) == ("path-other-nvcc", "warning")
    assert f"{other}/nvcc" in found.what
    assert f"cuda-shims exec --python {healthy.prefix.bin}/python CMD" in found.fix
    assert healthy.bad(PATH=f"{healthy.environ['PATH']}:{other}") == {}


def test_another_environments_shim_on_path(healthy, new_prefix):
    other = new_prefix("other")
    other.shim("nvcc")
    assert list(healthy.bad(PATH=f"{other.bin}:{healthy.environ['PATH']}")) == ["path-other-environment"]


def test_a_link_to_our_shim_is_ours(healthy):
    folder = os.path.join(healthy.folder, "links")
    os.mkdir(folder)
    os.symlink(os.path.join(healthy.prefix.bin, "nvcc"), os.path.join(folder, "nvcc"))
    assert healthy.bad(PATH=f"{folder}:{healthy.tools}") == {}


@pytest.mark.parametrize("kind", ["root", "wheel"])
def test_the_toolkits_own_folder_on_path_is_ours(healthy, kind):
    folder = healthy.root if kind == "root" else os.path.join(healthy.prefix.site, "nvidia/cu13")
    assert healthy.bad(PATH=f"{folder}/bin:{healthy.tools}") == {}


def test_two_pythons_with_one_folder_of_scripts(healthy, new_prefix):
    """A user site's shims are those of both, and run the toolkit of the first."""
    other = new_prefix(os.path.basename(healthy.prefix.path), "lib/python3.0/site-packages")
    assert healthy.bad() == {}
    other.toolkit()
    found = only(healthy.bad())
    assert (found.code, found.level) == ("path-other-python", "warning")
    assert found.what.endswith(f"which runs the toolkit of another Python, in {other.site}.")
    assert found.fix == f"export CUDA_SHIMS_TOOLKIT={healthy.root}"
    assert "path-other-python" not in healthy.bad(CUDA_SHIMS_TOOLKIT="13")
    assert healthy.bad(PATH=f"{healthy.root}/bin:{healthy.tools}") == {}


def test_a_conda_environment_that_is_not_active(healthy):
    os.mkdir(os.path.join(healthy.prefix.path, "conda-meta"))
    assert healthy.bad(PATH=healthy.tools) == {}


@pytest.mark.parametrize("mark", ["uv-receipt.toml", "pipx_metadata.json"])
def test_pip_is_told_of_a_tools_environment(patient, monkeypatch, mark):
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    monkeypatch.setattr(sys, "path", [patient.prefix.site, *sys.path])
    assert patient.bad()["component-missing"].fix.startswith("pip install ")
    write(os.path.join(patient.prefix.path, mark))
    fix = patient.bad()["component-missing"].fix
    assert fix.startswith(f"pip --python {patient.prefix.bin}/python install ")


def test_start_up_files_that_are_links(healthy, tmp_path):
    """As uv's --link-mode symlink makes them; in the place of one that is old, install puts a file."""
    for name in ("cuda_shims.pth", "cuda_shims.start"):
        path = os.path.join(healthy.prefix.site, name)
        os.rename(path, tmp_path / name)
        os.symlink(tmp_path / name, path)
    assert healthy.bad() == {}
    write(str(tmp_path / "cuda_shims.pth"), b"import os\n")
    assert list(healthy.bad()) == ["hook-missing"]


def test_nothing_on_path(healthy):
    found = only(healthy.bad(PATH=healthy.tools))
    assert found.code == "path-none"
    assert found.fix == f'export PATH={healthy.prefix.bin}:"$PATH"'


def test_not_activated(healthy):
    write(os.path.join(healthy.prefix.bin, "activate"))
    found = healthy.examine(PATH=healthy.tools)
    assert {each.level for each in found} == {"ok"}
    assert "not activated" in found[HEALTHY.index("path")].what


def test_path_is_the_shells_and_not_the_hooks(healthy, monkeypatch):
    """``os.environ`` has the root's bin in front: the hook has put it there, for this process alone."""
    monkeypatch.setenv("PATH", f"{healthy.root}/bin:{os.environ['PATH']}")
    case = findings.make_case(healthy.environment, os.environ, doctor.Config())
    assert healthy.root not in surroundings._shell_path(case)
    assert surroundings._shell_path(case._replace(environ=dict(os.environ))).startswith(healthy.root)


@pytest.mark.parametrize(("data", "wanted"), [(b"A=1\0PATH=/x:/\xff\0", "/x:/\udcff"), (b"A=1\0", ""), (None, "/now")])
def test_shell_path(monkeypatch, tmp_path, healthy, data, wanted):
    monkeypatch.setenv("PATH", "/now")
    file = tmp_path / "environ"
    if data is not None:
        file.write_bytes(data)
    monkeypatch.setattr(processes, "_BEFORE", str(file))
    case = findings.make_case(healthy.environment, os.environ, doctor.Config())
    assert surroundings._shell_path(case) == wanted


# --- the user's variables ---


@pytest.fixture
def elsewhere(tmp_path):
    write(str(tmp_path / "elsewhere" / "bin" / "nvcc"), TOOL, 0o755)
    return str(tmp_path / "elsewhere")


@pytest.mark.parametrize("name", envvars.HOMES)
def test_home_names_another_toolkit(healthy, elsewhere, name):
    found = only(healthy.bad(**{name: elsewhere}))
    assert (found.code, found.level) == ("variables-elsewhere", "warning")
    assert found.what == f"{name} names another toolkit, {elsewhere}."
    assert found.fix == f"unset {name}; or: export CUDA_SHIMS_PREFER=wheels"


@pytest.mark.parametrize("name", [*envvars.HOMES, *envvars.COMPILERS])
@pytest.mark.parametrize("way", ["itself", "a link"])
def test_the_wheels_own_folder(healthy, tmp_path, name, way):
    folder = os.path.join(healthy.prefix.site, "nvidia/cu13")
    if way == "a link":
        os.symlink(folder, tmp_path / "link")
        folder = str(tmp_path / "link")
    found = only(healthy.bad(**{name: folder if name in envvars.HOMES else f"{folder}/bin/nvcc"}))
    assert (found.code, found.level) == ("variables-wheels", "warning")
    assert found.what == f"{name} names the wheels' own folder, {folder}."
    assert found.fix == f'unset {name}; or name "$(cuda-shims root)"'


def test_the_wheels_own_folder_by_another_name_where_there_is_no_root(healthy, tmp_path):
    shutil.rmtree(os.path.join(healthy.prefix.site, search.ROOTS_FOLDER))
    os.symlink(os.path.join(healthy.prefix.site, "nvidia/cu13"), tmp_path / "link")
    found = healthy.bad(CUDA_HOME=str(tmp_path / "link"))
    assert "root-missing" in found
    assert "variables-elsewhere" in found


@pytest.mark.parametrize("name", envvars.COMPILERS)
@pytest.mark.parametrize("launcher", ["", "ccache "])
def test_compiler_names_another_toolkit(healthy, elsewhere, name, launcher):
    assert list(healthy.bad(**{name: f"{launcher}{elsewhere}/bin/nvcc"})) == ["variables-elsewhere"]


@pytest.mark.parametrize("value", ["ccache nvcc", "nvcc", "/usr/bin/clang++", ""])
def test_compiler_names_no_toolkit(healthy, value):
    assert healthy.bad(CUDACXX=value) == {}


def test_the_same_toolkit_by_two_names(healthy, elsewhere, tmp_path):
    os.symlink(elsewhere, tmp_path / "link")
    found = only(healthy.bad(CUDA_HOME=elsewhere, CUDA_PATH=str(tmp_path / "link")))
    assert found.code == "variables-elsewhere"
    assert found.what == f"CUDA_HOME and CUDA_PATH name another toolkit, {elsewhere}."
    assert only(healthy.bad(CUDA_PATH=str(tmp_path / "link"))).what.endswith("/link.")


def test_variables_of_an_outer_environment(healthy):
    assert healthy.bad(**envvars.root_variables("/outer/root")) == {}


def test_the_wheels_are_preferred(healthy, elsewhere):
    assert healthy.bad(CUDA_HOME=elsewhere, CUDA_PATH="/nowhere", CUDA_SHIMS_PREFER="wheels") == {}
    assert healthy.bad(CUDA_HOME=elsewhere, CUDA_SHIMS_TOOLKIT="13") == {}


def test_variables_disagree(healthy, elsewhere, tmp_path):
    third = str(tmp_path / "third")
    shutil.copytree(elsewhere, third)
    environ = {"CUDA_HOME": elsewhere, "CUDACXX": f"{third}/bin/nvcc"}
    found = healthy.examine(**environ)
    bad = [each for each in found if each.level != "ok"]
    assert codes(bad) == ["variables-disagree", "variables-elsewhere", "variables-elsewhere"]
    assert bad[0].level == "error"
    assert bad[0].what == f"Variables disagree: CUDA_HOME: {elsewhere}; CUDACXX: {third}."
    assert bad[0].fix == "unset CUDA_HOME CUDACXX"


def test_variables_disagree_with_ours(healthy, elsewhere):
    assert list(healthy.bad(CUDA_HOME=healthy.root, CUDA_PATH=elsewhere)) == [
        "variables-disagree",
        "variables-elsewhere",
    ]


@pytest.mark.parametrize("value", ["/nowhere/cuda", "cuda"])
def test_variable_names_no_folder(healthy, value):
    found = only(healthy.bad(CUDA_PATH=value))
    assert (found.code, found.level) == ("variables-no-folder", "error")
    assert found.fix == "unset CUDA_PATH"


def test_variable_names_a_folder_without_nvcc(healthy, tmp_path):
    assert only(healthy.bad(CUDAToolkit_ROOT=str(tmp_path))).code == "variables-no-nvcc"


def test_variable_names_the_environment(healthy):
    found = only(healthy.bad(CUDA_HOME=healthy.prefix.path))
    assert (found.code, found.level) == ("variables-environment", "error")
    assert "$(cuda-shims root)" in found.fix


# --- choices ---


def test_choice_of_a_major(healthy):
    assert healthy.bad(CUDA_SHIMS_TOOLKIT="13") == {}
    found = only(healthy.bad(CUDA_SHIMS_TOOLKIT="12"))
    assert (found.code, found.fix) == ("no-such-toolkit", "unset CUDA_SHIMS_TOOLKIT")
    assert "CUDA 13.5.37" in found.what


def test_choice_in_a_file(healthy):
    write(os.path.join(healthy.folder, "pyproject.toml"), b"[tool.cuda-shims]\ntoolkit = 14\n")
    found = only(healthy.bad())
    assert (found.code, found.fix) == ("no-such-toolkit", "change it there")


def test_choice_of_a_major_among_none(patient):
    assert "is: none." in patient.bad(CUDA_SHIMS_TOOLKIT="13")["no-such-toolkit"].what


def test_choice_of_a_folder(healthy, elsewhere):
    """Then what the wheels lack does not matter."""
    os.unlink(os.path.join(healthy.prefix.site, "nvidia/cu13/nvvm/bin/cicc"))
    found = healthy.examine(CUDA_SHIMS_TOOLKIT=elsewhere)
    assert {each.level for each in found} == {"ok"}
    assert codes(found) == ["platform", "choice", "hook", "shims", "path", "variables", "host-compiler", "nvcc"]
    assert elsewhere in found[-1].what


def test_choice_of_a_folder_that_fails(healthy, elsewhere):
    found = only(healthy.bad(CUDA_SHIMS_TOOLKIT=elsewhere, FAKE_EXIT="1", FAKE_SAYS="no"))
    assert (found.code, found.fix) == ("nvcc-fails", f"repair {elsewhere}")


@pytest.mark.parametrize("kind", ["nothing", "shims"])
def test_choice_of_a_folder_without_nvcc(healthy, kind):
    folder = "/nowhere" if kind == "nothing" else healthy.prefix.path
    assert list(healthy.bad(CUDA_SHIMS_TOOLKIT=folder)) == ["no-such-toolkit"]


def test_a_compiler_goes_before_libraries(healthy):
    os.makedirs(os.path.join(healthy.prefix.site, "nvidia/cu14/lib"))
    os.utime(os.path.join(healthy.prefix.site, "nvidia"), (OLD, OLD))
    (what,) = (each.what for each in healthy.examine() if each.code == "toolkit")
    assert what.startswith("CUDA 13.5.37 ")


@pytest.mark.parametrize(
    ("name", "value"), [("CUDA_SHIMS_TOOLKIT", "x"), ("CUDA_SHIMS_PREFER", "x"), ("CUDA_SHIMS_DRIVER_STUB", "x")]
)
def test_bad_configuration(healthy, name, value):
    found = healthy.examine(**{name: value})
    assert found[0].code == "config-invalid"
    assert name in found[0].what
    assert codes(found)[1:] == HEALTHY


def test_bad_configuration_file(healthy):
    write(os.path.join(healthy.folder, "pyproject.toml"), b"[tool.cuda-shims]\nprefers = 1\n")
    bad = [each for each in healthy.examine() if each.level != "ok"]
    assert codes(bad) == ["config-invalid"]


# --- the machine ---


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [("darwin", "arm64", "macOS"), ("win32", "x86", "Windows"), ("linux", "ppc64le", "Linux"), ("aix", "x", "aix")],
)
def test_unsupported_platform(healthy, monkeypatch, system, machine, name):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = healthy.examine()
    assert found[0].code == "unsupported-platform"
    assert found[0].level == "error"
    assert f"{name} on {machine}" in found[0].what


def test_windows_is_supported(healthy, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platform, "machine", lambda: "ARM64")
    assert healthy.examine()[0] == ("platform", "ok", "This is Windows on ARM64.", "", "")


def test_no_host_compiler(healthy):
    found = only(healthy.bad(PATH=healthy.prefix.bin))
    assert (found.code, found.level) == ("no-host-compiler", "error")
    assert "nvcc runs gcc, which is not there" in found.what
    assert "apt-get install g++" in found.fix
    assert "g++-16" in found.fix


def test_no_host_compiler_and_no_limits(healthy):
    write(os.path.join(healthy.prefix.site, "nvidia/cu13/include/crt/host_config.h"), b"\n")
    assert healthy.bad(PATH=healthy.prefix.bin)["no-host-compiler"].fix.endswith("export NVCC_CCBIN=g++")


@pytest.mark.parametrize(
    ("name", "macros"),
    [("g++", {"__GNUC__": 12}), ("c++", {"__GNUC__": 4, "__clang_major__": 19}), ("clang++", {"__clang_major__": 22})],
)
def test_another_compiler_is_there(healthy, name, macros):
    """nvcc asks for gcc alone."""
    os.unlink(os.path.join(healthy.tools, "gcc"))
    path = healthy.compiler(name, **macros)
    assert only(healthy.bad()).fix == f"export NVCC_CCBIN={path}"


@pytest.mark.parametrize(
    ("macros", "name"),
    [
        ({"__GNUC__": 17}, "gcc 17"),
        ({"__GNUC__": 4, "__clang_major__": 23}, "clang 23"),
        ({"__GNUC__": 4, "__clang_major__": 19, "__INTEL_CLANG_COMPILER": 20260000}, "icc 20260000"),
        ({"__GNUC__": 4, "__ICC": 2021}, "icc 2021"),
    ],
)
def test_unsupported_host_compiler(healthy, macros, name):
    healthy.compiler("gcc", **macros)
    healthy.compiler("g++", **macros)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("host-compiler-unsupported", "error")
    assert name in found.what
    assert "gcc up to 16 and clang up to 22" in found.what
    assert "-allow-unsupported-compiler" in found.why
    path = healthy.compiler("g++-14", __GNUC__=14)
    healthy.compiler("clang++-19", __clang_major__=19)
    assert only(healthy.bad()).fix == f"export NVCC_CCBIN={path}"
    assert healthy.bad(NVCC_APPEND_FLAGS="-O3 --allow-unsupported-compiler") == {}


@pytest.mark.parametrize("macros", [{"__GNUC__": 16}, {"__GNUC__": 4, "__clang_major__": 22}])
def test_newest_supported_host_compiler(healthy, macros):
    healthy.compiler("gcc", **macros)
    assert healthy.bad() == {}


@pytest.mark.parametrize("said", ["cc1plus: No such file", ""])
def test_host_compiler_without_cpp(healthy, said):
    healthy.compiler("gcc", said, code=1)
    found = only(healthy.bad())
    assert found.code == "host-compiler-broken"
    assert (said or "#define __x86_64__ 1") in found.what


def test_host_compiler_that_says_nothing(healthy):
    write(os.path.join(healthy.tools, "gcc"), b"#!/bin/sh\n", 0o755)
    assert "it does not answer as one" in only(healthy.bad()).what


def test_host_compiler_that_hangs(healthy, monkeypatch):
    write(os.path.join(healthy.tools, "gcc"), b"#!/bin/sh\nexec /bin/sleep 60\n", 0o755)
    monkeypatch.setattr(host_compilers, "TIMEOUT", 0.1)
    assert "did not end within" in healthy.bad()["host-compiler-broken"].what


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"NVCC_CCBIN": "g++-99"}, "NVCC_CCBIN"),
        ({"CUDAHOSTCXX": "g++-99"}, "CUDAHOSTCXX"),
        ({"NVCC_PREPEND_FLAGS": "-O3 -ccbin g++-99"}, "NVCC_PREPEND_FLAGS"),
        ({"NVCC_APPEND_FLAGS": '--compiler-bindir="g++-99"', "NVCC_CCBIN": "gcc"}, "NVCC_APPEND_FLAGS"),
    ],
)
def test_named_host_compiler_is_not_there(healthy, environ, source):
    found = only(healthy.bad(**environ))
    assert found.code == "no-host-compiler"
    assert f"{source} names g++-99" in found.what
    assert found.fix == (f"take -ccbin out of {source}" if source.endswith("FLAGS") else f"unset {source}")
    healthy.compiler("gcc", __GNUC__=17)
    path = healthy.compiler("g++-14", __GNUC__=14)
    fix = healthy.bad(**environ)["no-host-compiler"].fix
    assert fix.endswith(f"export {'CUDAHOSTCXX' if source == 'CUDAHOSTCXX' else 'NVCC_CCBIN'}={path}")


@pytest.mark.parametrize("source", ["NVCC_CCBIN", "CUDAHOSTCXX"])
def test_named_host_compiler(healthy, source):
    path = healthy.compiler("g++-14", __GNUC__=14)
    healthy.compiler("gcc", __GNUC__=17)
    found = healthy.examine(**{source: path})
    hosts = [each for each in found if each.code.startswith("host-compiler")]
    assert hosts[-1].what == f"The host compiler is gcc 14 ({path})."
    assert len(hosts) == (1 if source == "NVCC_CCBIN" else 2)
    assert healthy.bad(NVCC_CCBIN=path, CUDAHOSTCXX=path) == {}


def test_folder_of_host_compilers(healthy):
    assert healthy.bad(NVCC_CCBIN=healthy.tools, PATH=healthy.prefix.bin) == {}


def test_empty_ccbin(healthy):
    found = only(healthy.bad(NVCC_CCBIN=""))
    assert (found.code, found.fix) == ("no-host-compiler", "unset NVCC_CCBIN")


def test_limits_of_what_is_not_there(tmp_path):
    assert host_compilers.limits(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#if __GNUC__ > 16", {"gcc": 16}),
        ("#if __GNUC__ > 99999999", {}),  # counting down from it would take for ever
        ("#if __GNUC__ > " + "9" * 5000, {}),
        ("#if __GNUC__ > \u0661\u0666", {}),
        ("#if __GNUC__ > 16x", {}),
        ("#if __GNUC__ > 0\n#if defined(__clang__)\n#if __clang_major__ >= 0", {}),
        ("#if defined(__clang__)\n#if __clang_major__ >= " + "9" * 5000, {}),
        ("#if __GNUC__ > 16\0", {"gcc": 16}),
        ("#" * 1_000_000 + "\n#if __GNUC__ > 16", {"gcc": 16}),
        ("#if defined(__clang__)\n" + "x\n" * 500_000, {}),
        ("#if defined(__clang__)\n" * 50_000, {}),
        ("#if defined(__clang__)\n#if " + "__clang_major__ " * 100_000, {}),
    ],
    ids=lambda value: ascii(value)[:40],
)
@pytest.mark.timeout(60)
def test_limits_of_a_header_that_nobody_would_write(tmp_path, text, expected):
    write(str(tmp_path / "include/crt/host_config.h"), text.encode())
    limit = host_compilers.limits(str(tmp_path))
    assert limit == expected
    assert host_compilers.accepted(limit, {"PATH": ""}) is None


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 9, "\u0661", "12x"])
def test_a_compiler_that_prints_no_version(healthy, digits):
    healthy.compiler("gcc", f"#define __GNUC__ {digits}")
    assert only(healthy.bad()).code == "host-compiler-broken"


@pytest.mark.parametrize("entry", ["", ".", "./", "bin", "../here"])
def test_a_compiler_of_the_current_directory_is_not_run(healthy, tmp_path, monkeypatch, entry):
    here = tmp_path / "here"
    monkeypatch.chdir(os.path.dirname(write(str(here / "file"))))
    for place in (here, here / "bin"):
        for name in ("gcc", "g++", "c++", "clang++", "g++-16", "nvcc"):
            write(str(place / name), f"#!/bin/sh\necho >>{here}/run\n".encode(), 0o755)
    found = only(healthy.bad(PATH=os.pathsep.join([entry, healthy.environ["PATH"]])))
    assert (found.code, found.level) == ("host-compiler-broken", "error")
    assert found.fix == "take that entry out of PATH"
    assert "PATH has an empty or relative entry, by which it is found; it was not run" in found.what
    assert not os.path.exists(here / "run")


# --- what nvcc says ---


def test_nvcc_fails(healthy):
    found = only(healthy.bad(FAKE_EXIT="1", FAKE_SAYS="nvcc fatal   : it does not work"))
    assert (found.code, found.level) == ("nvcc-fails", "error")
    assert "nvcc fatal   : it does not work" in found.what
    assert found.fix.endswith("install --force-reinstall nvidia-cuda-nvcc==13.5.37")
    assert "exit code 3" in only(healthy.bad(FAKE_EXIT="3", FAKE_SAYS="")).what


def test_nvcc_fails_by_the_users_flags(healthy):
    found = only(healthy.bad(FAKE_EXIT="1", FAKE_SAYS="Unknown option '-bad'", NVCC_APPEND_FLAGS="-bad"))
    assert found.fix == "correct or unset NVCC_APPEND_FLAGS"


def test_nvcc_of_another_machine(healthy):
    nvcc = os.path.join(healthy.prefix.site, "nvidia/cu13/bin/nvcc")
    write(nvcc, b"\x7fELF of another machine\xff", 0o755)
    assert "Exec format error" in only(healthy.bad()).what


@pytest.mark.parametrize("says", ["nothing", "another"])
def test_nvcc_takes_another_home(patient, says):
    line = b"echo all is well\n" if says == "nothing" else b"echo '#$ TOP=/opt/cuda/bin/..' >&2\n"
    patient.toolkit(tool=b"#!/bin/sh\n" + line)
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert (found.code, found.level) == ("nvcc-wrong-home", "error")
    assert ("/opt/cuda" if says == "another" else "nvcc.profile") in found.what


# --- nothing is raised ---


@pytest.mark.parametrize("place", [(doctor, "load_config"), (doctor, "make_case"), (doctor.header_version, None)])
def test_an_unexpected_error_is_a_finding(healthy, monkeypatch, place):
    def fail(*_):
        raise OSError(5, "Input/output error", "/x")

    module, name = place if place[1] else (doctor, "header_version")
    monkeypatch.setattr(module, name, fail)
    found = [each for each in healthy.examine() if each.code == "check-failed"]
    assert len(found) == 1
    assert "Input/output error" in found[0].what
    assert found[0].level == "warning"


def test_an_error_without_words(healthy, monkeypatch):
    def fail(*_):
        raise KeyError

    monkeypatch.setattr(doctor, "header_version", fail)
    assert "The check of versions could not be made: KeyError." in [each.what for each in healthy.examine()]


def test_findings_can_be_printed(new_prefix, tmp_path):
    name = os.fsdecode(b"e\xffnv\x1b[31m\n\xc3\xa9")
    patient = Patient(new_prefix(name), tmp_path)
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    patient.ours()
    found = patient.examine()
    for text in (text for each in found for text in each):
        assert text.isprintable()
        text.encode()
    assert any("e\\udcffnv\\x1b[31m\\n\xe9" in each.what for each in found)


@pytest.mark.parametrize("seed", range(12))
def test_no_state_makes_it_raise(healthy, seed):
    """Take away or turn into something else a few things at a time."""
    import random

    chance = random.Random(seed)  # noqa: S311
    places = [
        os.path.join(top, name) for top, folders, files in os.walk(healthy.prefix.path) for name in folders + files
    ]
    for path in chance.sample(sorted(places), 8):
        if not os.path.lexists(path):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
        what = chance.choice(["nothing", "file", "folder", "loop", "dangling"])
        if not os.path.isdir(os.path.dirname(path)):
            continue
        if what == "file":
            write(path, b"\xff\0not what you think", 0o755)
        elif what == "folder":
            os.mkdir(path)
        elif what == "loop":
            os.symlink(os.path.basename(path), path)
        elif what == "dangling":
            os.symlink("/nowhere/at/all", path)
    found = healthy.examine()
    assert all(isinstance(each, Finding) for each in found)


# what the project needs ----------------------------------------------------------------------------------------------


def project(patient, requires, **files):
    if requires is not None:
        text = f"[build-system]\nrequires = {requires!r}\n"
        write(os.path.join(patient.folder, "pyproject.toml"), text.encode())
    for name, text in files.items():
        write(os.path.join(patient.folder, name.replace("_", ".")), text.encode())


ALL_OF_THEM = ["cuda-shims", "cuda-toolkit[cccl,cudart,nvcc]==13.*"]


def test_a_project_that_uses_what_is_there(healthy):
    project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cudart CUDA::cuda_driver")
    assert healthy.examine()[-1].code == "needs"
    assert healthy.bad() == {}


def test_a_project_without_pyproject(healthy):
    project(healthy, None, CMakeLists_txt="\nx(CUDA::cublas CUDA::cublasLt)", main_cu="#include <curand.h>")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "error")
    assert found.what == (
        "The project uses what is not installed: "
        "CUDA::cublas (CMakeLists.txt:2) of nvidia-cublas, curand.h (main.cu:1) of nvidia-curand."
    )
    assert found.fix.endswith('"cuda-toolkit[cublas,curand]==13.5.*"')


def test_a_requirement_that_lacks_an_extra(healthy):
    project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-undeclared", "error")
    assert "CUDA::cublas (CMakeLists.txt:1) of nvidia-cublas" in found.what
    assert found.fix == 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'


def test_a_requirement_that_is_lacking(healthy):
    project(healthy, ["cuda-shims[cu13]"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.fix) == ("need-undeclared", 'in pyproject.toml, add "cuda-toolkit[cublas]==13.5.*"')


def test_what_is_required_and_not_installed_here(healthy):
    project(healthy, ["cuda-toolkit[nvcc,cublas]"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "warning")


def test_what_no_wheel_holds(healthy):
    project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas_static")
    found = only(healthy.bad())
    assert found.code == "need-nowhere"
    assert "CUDA::cublas_static (CMakeLists.txt:1)" in found.what


@pytest.mark.parametrize(
    "text", ["x = ", "build-system = 1", "[build-system]\nrequires = 1", "[build-system]\nrequires = [1]"]
)
def test_a_pyproject_that_says_nothing(healthy, text):
    project(healthy, None, CMakeLists_txt="CUDA::cudart")
    write(os.path.join(healthy.folder, "pyproject.toml"), text.encode())
    assert set(healthy.bad()) <= {"check-failed"}


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
    assert finding.what == f"The toolkit has nvcc 13.5.37, and was another one for these build folders: {folders}."
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
