"""Each state that the doctor has a word for, made of small files; and that no state makes it raise."""

from __future__ import annotations

import glob
import os
import platform
import re
import shutil
import sys

import pytest
from fake_toolkit import OLD, Prefix, age, write, write_distribution, write_shim
from patient import HEALTHY, TOOL, Patient, codes, only

from _cuda_shims import ROOTS_FOLDER, caches, root_variables
from _cuda_shims import places as search
from cuda_shims.catalog import tools
from cuda_shims.doctor import checks, toolkit
from cuda_shims.doctor.case import Finding
from cuda_shims.doctor.checks import examine
from cuda_shims.environment.environment import Environment
from cuda_shims.installation.refresh import make_root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")


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
    found = healthy.examine(**root_variables(healthy.root))
    assert codes(found) == HEALTHY
    assert "has run in this process" in found[HEALTHY.index("hook")].what


# --- what is not installed ---


def test_no_toolkit(patient):
    patient.ours()
    found = patient.bad()
    assert found["no-toolkit"].level == "error"
    assert found["no-toolkit"].fix == f'pip --python {patient.prefix.bin}/python install "{tools.BUNDLE}"'
    assert "nvcc" not in found


def test_fixes_name_no_place_in_this_process(patient, monkeypatch):
    monkeypatch.setattr(sys, "path", [patient.prefix.site, *sys.path])
    assert patient.bad()["no-toolkit"].fix == f'pip install "{tools.BUNDLE}"'
    assert patient.bad()["not-installed"].fix == "pip install cuda-shims"


def test_a_toolkit_elsewhere_on_the_path_of_this_process_counts(healthy, new_prefix, monkeypatch):
    other = new_prefix("other")
    monkeypatch.setattr(sys, "path", [other.site, healthy.prefix.site])
    environment = healthy.environment._replace(site_dirs=(other.site,), dist_info=None)
    found = examine(environment, healthy.environ, healthy.folder)
    assert "toolkit" in codes(found)


def test_older_cuda_has_no_compiler(patient):
    write_distribution(patient.prefix.site, "nvidia-cuda-nvcc-cu11", "11.8.89", {"nvidia/cuda_nvcc/bin/ptxas": TOOL})
    assert "nvidia-cuda-nvcc-cu11 11.8.89 contains no nvcc" in patient.bad()["no-toolkit"].why


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
    patient.toolkit(components=[name for name in tools.COMPILER_COMPONENTS if name != missing])
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


def test_libraries_alone_leave_shims_as_they_are(patient):
    """A start of Python brings them up to date when there is a compiler."""
    patient.toolkit(components=["nvidia-cuda-runtime"])
    patient.ours()
    patient.install()
    write_shim(patient.prefix.bin, "nvcc")  # as in the wheel
    assert set(patient.bad()) == {"component-missing"}


def test_a_file_of_a_component_is_gone(healthy):
    os.unlink(os.path.join(healthy.prefix.site, "nvidia/cu13/nvvm/bin/cicc"))
    found = healthy.bad()["component-broken"]
    assert found.level == "error"
    assert found.fix.endswith("install --force-reinstall --no-deps nvidia-nvvm==13.5.37")


def test_a_companion_that_has_lost_its_files(healthy):
    """cuDNN for CUDA 12, which came later or has gone, has its files in the same folder."""
    header, record = "nvidia/cudnn/include/cudnn.h", "nvidia_cudnn_cu13-9.28.dist-info/RECORD"
    site = healthy.prefix.site
    write_distribution(site, "nvidia-cudnn-cu13", "9.28", {header: b"13", "nvidia/cudnn/lib/libx.a": b""})
    os.unlink(f"{site}/nvidia/cudnn/lib/libx.a")  # which nobody may miss
    write(f"{site}/{header}", b"changed")
    assert "companion-broken" not in healthy.bad()
    write_distribution(site, "nvidia-cudnn-cu12", "9.1", {header: b"of 12"})
    found = healthy.bad()["companion-broken"]
    assert found.level == "warning"
    assert found.fix.endswith("install --force-reinstall --no-deps nvidia-cudnn-cu13==9.28")
    shutil.rmtree(f"{site}/nvidia_cudnn_cu12-9.1.dist-info")
    assert "companion-broken" not in healthy.bad()
    os.unlink(f"{site}/{header}")
    assert "companion-broken" in healthy.bad()
    for text in (b"", b"\0,\n,,,", b"nvidia/cudnn/include/../\xff,,9\n", None):
        os.unlink(f"{site}/{record}")
        if text is None:
            os.mkfifo(f"{site}/{record}")
        else:
            write(f"{site}/{record}", text)
        assert "companion-broken" not in healthy.bad()


# --- what does not fit together ---


def test_floated_components(patient):
    """What ``pip install nvidia-cuda-nvcc==13.0.88`` gives."""
    patient.component("nvidia-cuda-nvcc", "13.0.88")
    for name in tools.COMPILER_COMPONENTS[1:]:
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
    for name in tools.COMPILER_COMPONENTS:
        patient.component(name, "13.5.37", "13.4.92" if name == other else None)
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert found.code == "version-mismatch"
    assert f"{other} 13.4.92" in found.what


@pytest.mark.parametrize("version", ["13.4.92", "13.6.1"])
def test_headers_of_another_release(patient, version):
    for name in tools.COMPILER_COMPONENTS:
        patient.component(name, version if name == "nvidia-cuda-runtime" else "13.5.37")
    patient.ours()
    patient.install()
    assert list(patient.bad()) == ["header-mismatch"]


def test_versions_of_one_release_that_differ_as_text(patient):
    for name, version in zip(
        tools.COMPILER_COMPONENTS,
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
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    healthy.install()
    found = healthy.bad()
    assert found["not-executable"].fix.endswith("--no-deps nvidia-cuda-nvcc")
    assert found["nvcc-fails"].fix.startswith("repair ")


# --- what is not as installed ---


@pytest.mark.parametrize(("tool", "level"), [("ptxas", "error"), ("cuobjdump", "warning")])
def test_executable_bit_lost(patient, tool, level):
    patient.toolkit(components=[*tools.COMPILER_COMPONENTS, "nvidia-cuda-cuobjdump"])
    patient.ours()
    patient.install()
    os.chmod(os.path.join(patient.prefix.site, "nvidia/cu13/bin", tool), 0o644)
    found = only(patient.bad())
    assert (found.code, found.level) == ("not-executable", level)
    assert found.what == f"Not executable: {tool}."
    assert found.fix.endswith(f"{tools.find_tool(tool).distribution}==13.5.37")


def test_root_missing(healthy):
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
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
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site, str(tmp_path))
    found = healthy.bad(TMPDIR=str(tmp_path))["root-unwritable"]
    assert found.level == "error"
    assert "XDG_CACHE_HOME" in found.fix
    assert f"in {healthy.prefix.site}: it cannot be written" in found.what


@pytest.mark.parametrize("taken", [True, False])
def test_a_folder_in_tmpdir_that_another_user_has_taken(healthy, tmp_path, monkeypatch, taken):
    """It cannot be used, so `cuda-shims root` is no fix: another folder is."""
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site)
    (tmp_path / "temporary").mkdir()
    if taken:
        (tmp_path / "temporary" / f"cuda-shims-{os.geteuid()}").mkdir()
        (tmp_path / "temporary" / f"cuda-shims-{os.geteuid()}").chmod(0o777)
    found = healthy.bad(TMPDIR=str(tmp_path / "temporary"), XDG_CACHE_HOME="", HOME="")
    assert ("root-unwritable" in found, "root-missing" in found) == (taken, not taken)
    if taken:
        assert "XDG_CACHE_HOME" in found["root-unwritable"].fix


def test_root_would_be_made_in_the_cache(healthy, tmp_path, monkeypatch):
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site)
    assert str(tmp_path / "user-cache") in healthy.bad()["root-missing"].what


def test_a_companion_that_is_half_there(healthy):
    """Until a minute has gone by; then the root is fresh, without what is not there."""
    folder = f"{healthy.prefix.site}/nvidia/cudnn"
    write_distribution(healthy.prefix.site, "nvidia-cudnn-cu13", "9.28", {"nvidia/cudnn/lib/libcudnn.so.9": b"13"})
    os.unlink(f"{folder}/lib/libcudnn.so.9")
    make_root(search.Place(healthy.prefix.site, 13))
    found = healthy.bad()
    assert set(found) == {"companion-broken", "root-interim"}
    assert f"{folder} differs from its wheel" in found["root-interim"].what
    age(folder)
    make_root(search.Place(healthy.prefix.site, 13))
    assert set(healthy.bad()) == {"companion-broken"}


def test_a_stale_root_in_the_cache_can_be_made_again(healthy, monkeypatch):
    """The link that it is does not keep the next one out."""
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    deny(monkeypatch, healthy.prefix.site)
    shutil.rmtree(os.path.join(healthy.prefix.site, "cuda_shims-0.1.0.dist-info"))
    root = make_root(search.Place(healthy.prefix.site, 13))
    assert root.startswith(os.environ["XDG_CACHE_HOME"])
    write(os.path.join(healthy.prefix.site, "nvidia/cu13/lib/libmore.so.13"))
    found = healthy.bad()
    assert "root-unwritable" not in found
    assert found["root-stale"].what == f"The toolkit root {root} is older than its wheels."


def test_root_is_in_the_cache_for_want_of_rights(patient):
    patient.toolkit()
    root = make_root(search.Place(patient.prefix.site, 13))
    assert root.startswith(os.environ["XDG_CACHE_HOME"])
    found = patient.examine()
    assert "root" in codes(found)
    (what,) = (each.what for each in found if each.code == "root")
    assert root in what
    assert "cannot be written by this user" in what


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
    monkeypatch.setattr(caches, "cache_folders", lambda _: iter([(str(tmp_path / "my cache"), str(tmp_path))]))
    patient = Patient(new_prefix("my env"), tmp_path)
    patient.toolkit()
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert found.code == "root-path"
    assert found.fix.startswith("set XDG_CACHE_HOME to")


def test_environment_moved_below_a_space(healthy, new_prefix, tmp_path):
    """Its links are relative, so its root is whole, but it is where CMake cannot use it: another one is wanted."""
    os.rename(healthy.prefix.path, tmp_path / "my env")
    patient = Patient(new_prefix("my env"), tmp_path)
    patient.dist_info = healthy.dist_info.replace(healthy.prefix.path, patient.prefix.path)
    found = patient.bad()["root-missing"]
    assert next(search.Place(patient.prefix.site, 13).elsewhere(os.environ))[0] in found.what
    assert found.fix.startswith("cuda-shims root")


# --- our own files ---


def test_not_installed(patient):
    patient.toolkit()
    patient.install()
    assert list(patient.bad()) == ["not-installed"]
    for tool in tools.SHIPPED_SHIMS:
        os.unlink(os.path.join(patient.prefix.bin, tool))
    write(os.path.join(patient.prefix.bin, "activate"))
    assert list(patient.bad()) == ["not-installed"]


def test_hook_missing(healthy):
    os.unlink(os.path.join(healthy.prefix.site, "cuda_shims.pth"))
    found = only(healthy.bad())
    assert found.code == "hook-missing"
    assert found.fix == f"cuda-shims install --python {healthy.prefix.bin}/python"
    healthy.install()
    assert healthy.bad() == {}


def test_hook_of_another_version(healthy):
    write(os.path.join(healthy.prefix.site, "cuda_shims.pth"), b"import cuda_shims_of_old\n")
    assert "from another version" in only(healthy.bad()).what


def test_hook_off(healthy):
    found = only(healthy.bad(CUDA_SHIMS_STARTUP="0"))
    assert (found.code, found.fix) == ("hook-off", "unset CUDA_SHIMS_STARTUP")


@pytest.mark.parametrize("marker", [None, "/somewhere/else"])
def test_hook_has_not_run(healthy, monkeypatch, marker):
    monkeypatch.setattr(sys, "path", [healthy.prefix.site, *sys.path])
    environ = {**healthy.environ, **({} if marker is None else {"CUDA_SHIMS_ROOT": marker})}
    found = examine(healthy.environment, environ, healthy.folder, healthy.environ)
    assert [each.code for each in found if each.level != "ok"] == ["hook-not-run"]


def test_hook_has_run_and_its_root_is_stale_by_now(healthy, monkeypatch):
    monkeypatch.setattr(sys, "path", [healthy.prefix.site, *sys.path])
    environ = {**healthy.environ, **root_variables(healthy.root)}
    os.utime(os.path.join(healthy.prefix.site, "nvidia/cu13/bin"))
    found = examine(healthy.environment, environ, healthy.folder, healthy.environ)
    codes = [each.code for each in found if each.level != "ok"]
    assert "root-stale" in codes
    assert "hook-not-run" not in codes


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
    found = {each.code: each for each in checks.examine(environment, patient.environ, str(tmp_path))}
    place = f"--prefix {patient.prefix.path}"
    assert found["not-installed"].fix == f"pip install {place} cuda-shims"
    assert found["root-missing"].fix == f"cuda-shims root {place}"


def test_target_without_a_component(patient):
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    patient.is_target = True
    fix = patient.bad()["component-missing"].fix
    assert fix == f'pip install --target {patient.prefix.site} "cuda-toolkit[nvvm,crt,cudart,cccl]==13.5.*"'


def test_links_for_cmake_are_no_shims(healthy):
    """A build that Python starts does without; a file system may have none."""
    os.makedirs(os.path.join(healthy.prefix.site, "cuda_shims/installation/templates/cmake"))
    assert healthy.bad() == {}


@pytest.mark.parametrize("theirs", ["file", "folder", "link"])
def test_somebody_elses_thing_in_the_place_of_a_link_for_cmake(healthy, theirs):
    os.makedirs(os.path.join(healthy.prefix.site, "cuda_shims/installation/templates/cmake"))
    healthy.install()
    assert healthy.bad() == {}
    path = os.path.join(healthy.prefix.path, "lib", "cub-cuda-shims")
    os.unlink(path)
    if theirs == "link":
        os.symlink("/elsewhere", path)
    else:
        write(path if theirs == "file" else f"{path}/cub-config.cmake")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("package-foreign", "warning")
    assert found.what == f"{path} is not our link: it belongs to no installed distribution."
    install = f"cuda-shims install --python {healthy.prefix.bin}/python"
    assert found.fix == (install if theirs == "link" else f"remove or rename it, then: {install}")
    if theirs != "link":
        os.rename(path, f"{path}.old")
    healthy.install()
    assert healthy.bad() == {}


def test_shim_missing(healthy):
    os.unlink(os.path.join(healthy.prefix.bin, "ptxas"))
    found = only(healthy.bad())
    assert (found.code, found.level) == ("shim-missing", "warning")
    assert "ptxas" in found.what


def test_shims_that_this_user_may_not_renew(tmp_path, monkeypatch):
    patient = Patient(Prefix(str(tmp_path / "a b")), tmp_path)
    patient.toolkit()
    patient.ours()
    scripts = patient.prefix.bin
    write_shim(scripts, "nvcc")
    deny(monkeypatch, scripts)
    assert patient.bad()["shim-stale"].fix.startswith(
        f"as a user who may write to '{scripts}', run: cuda-shims install"
    )


def test_shim_of_another_version(healthy):
    write_shim(healthy.prefix.bin, "nvcc")  # as in the wheel: it names no toolkit
    assert only(healthy.bad()).code == "shim-stale"


def test_shims_of_a_toolkit_that_is_gone(healthy):
    """They name the old one, and the next toolkit's start of Python renews them: there is nothing to confuse."""
    write_shim(healthy.prefix.bin, "nvcc")
    shutil.rmtree(os.path.join(healthy.prefix.site, "nvidia"))
    for each in glob.glob(os.path.join(healthy.prefix.site, "nvidia_*")):
        shutil.rmtree(each)
    assert list(healthy.bad()) == ["no-toolkit"]


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


# --- choices ---


def test_choice_of_a_major(healthy):
    assert healthy.bad(CUDA_SHIMS_TOOLKIT="13") == {}
    found = only(healthy.bad(CUDA_SHIMS_TOOLKIT="12"))
    assert (found.code, found.level) == ("no-such-toolkit", "error")
    assert found.fix.endswith('install "cuda-toolkit[cudart,nvcc]==12.*"')
    assert found.alternative == "unset CUDA_SHIMS_TOOLKIT"
    assert "CUDA 13.5.37" in found.what


def test_choice_in_a_file(healthy):
    write(os.path.join(healthy.folder, "pyproject.toml"), b"[tool.cuda-shims]\ntoolkit = 14\n")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("no-such-toolkit", "error")
    assert re.search(r'install "cuda-toolkit\[.*nvcc.*\]==14\.\*"$', found.fix)
    assert found.alternative == "remove it there, or name another one"


def test_choice_in_a_file_that_the_users_variables_beat(healthy, tmp_path):
    """Builds take theirs; without them they would get none."""
    write(os.path.join(healthy.folder, "pyproject.toml"), b"[tool.cuda-shims]\ntoolkit = 14\n")
    write(f"{tmp_path}/cuda/bin/nvcc", TOOL, 0o755)
    found = healthy.bad(CUDA_HOME=f"{tmp_path}/cuda")["no-such-toolkit"]
    assert (found.level, f"builds take {tmp_path}/cuda" in found.why) == ("warning", True)
    assert healthy.bad(CUDA_HOME=f"{tmp_path}/cuda", CUDA_SHIMS_PREFER="wheels")["no-such-toolkit"].level == "error"


def test_choice_of_wheels_without_a_compiler(patient):
    patient.prefix.toolkit(components=["nvidia-cuda-runtime"])
    found = patient.bad(CUDA_SHIMS_TOOLKIT="13")["no-such-toolkit"]
    assert "is: CUDA 13.5.37, without nvcc." in found.what


def test_no_toolkit_but_that_of_the_users_variables(patient, tmp_path):
    assert "no-toolkit" in patient.bad()
    write(f"{tmp_path}/cuda/bin/nvcc", TOOL, 0o755)
    named = {"CUDA_HOME": f"{tmp_path}/cuda"}
    assert "no-toolkit" not in patient.bad(**named)
    assert "no-toolkit" in patient.bad(**named, CUDA_SHIMS_PREFER="wheels")
    assert "variables-no-folder" in patient.bad(CUDA_HOME="/nowhere")


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


@pytest.mark.parametrize("name", ["CUDA_SHIMS_TOOLKIT", "CUDA_SHIMS_PREFER"])
def test_bad_configuration(healthy, name):
    found = healthy.examine(**{name: "x"})
    assert found[0].code == "config-invalid"
    assert name in found[0].what
    # a toolkit that is refused has no root
    assert set(codes(found)[1:]) <= set(HEALTHY)
    assert (codes(found)[1:] == HEALTHY) is (name == "CUDA_SHIMS_PREFER")
    refused = name == "CUDA_SHIMS_TOOLKIT"  # builds go on without the other
    assert (found[0].level, found[0].why) == (
        ("error", "builds find no toolkit")
        if refused
        else ("warning", "builds continue without it, and our commands stop")
    )


def test_bad_configuration_file(healthy):
    write(os.path.join(healthy.folder, "pyproject.toml"), b"[tool.cuda-shims]\nprefers = 1\n")
    bad = [each for each in healthy.examine() if each.level != "ok"]
    assert [(each.code, each.level, each.why) for each in bad] == [
        ("config-invalid", "warning", "builds continue without it, and our commands stop")
    ]


# --- nothing is raised ---


@pytest.mark.parametrize("place", [(checks, "load_config"), (checks, "make_case"), (toolkit, "header_version")])
def test_an_unexpected_error_is_a_finding(healthy, monkeypatch, place):
    def fail(*_):
        raise OSError(5, "Input/output error", "/x")

    monkeypatch.setattr(*place, fail)
    found = [each for each in healthy.examine() if each.code == "check-failed"]
    assert len(found) == 1
    assert "Input/output error" in found[0].what
    assert found[0].level == "warning"


def test_an_error_without_words(healthy, monkeypatch):
    def fail(*_):
        raise KeyError

    monkeypatch.setattr(toolkit, "header_version", fail)
    assert "The check of versions failed: KeyError." in [each.what for each in healthy.examine()]


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


# --- the platform ---


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
    assert healthy.examine()[0] == ("platform", "ok", "This is Windows on ARM64.", "", "", "")
