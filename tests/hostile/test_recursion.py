"""The ways to reach a shim that is not where it was put, and what is in its way: the right tool, or an end."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from fake_toolkit import TOOL, write, write_shim
from roots import make_root
from shim_support import failed, ran

from _cuda_shims.places import Place
from cuda_shims.environment.path import on_path, runs_ours
from cuda_shims.environment.toolkit import read_toolkit


@pytest.fixture
def own(new_prefix):
    """The environment whose tool is the right one."""
    own = new_prefix("own")
    own.toolkit()
    own.shim()
    make_root(own.site)
    return own


@pytest.fixture
def other(new_prefix):
    """Another one, with a toolkit and shims."""
    other = new_prefix("other")
    other.toolkit()
    other.shim()
    return other


@pytest.fixture
def system(tmp_path):
    """A system's nvcc."""
    return os.path.dirname(write(str(tmp_path / "system/nvcc"), TOOL, 0o755))


def same(path, prefix):
    """Whether a tool belongs to an environment, whatever the way to it was."""
    real = os.path.realpath(path)
    return real == os.path.realpath(os.path.join(prefix.site, "nvidia/cu13/bin/nvcc"))


# links ----------------------------------------------------------------------------------------------------------------

LINKS = {
    "absolute": lambda shim, _: shim,
    "relative": os.path.relpath,
    "by dots": lambda shim, folder: f"./x/.././../{os.path.relpath(shim, os.path.dirname(folder))}",
    "double slashes": lambda shim, _: shim.replace("/", "//"),
    "by .": lambda shim, _: shim.replace("/bin/", "/./bin/./"),
    "by ..": lambda shim, _: shim.replace("/bin/", "/bin/../bin/"),
}


@pytest.mark.parametrize("name", ["nvcc", "cuda-nvcc", "nvcc-13", "x y", "-n", "nvcc*", "\udcff"])
@pytest.mark.parametrize("way", LINKS)
def test_links_of_any_name(call, own, other, system, tmp_path, name, way):
    folder = tmp_path / "links"
    (folder / "x").mkdir(parents=True)
    os.symlink(LINKS[way](os.path.join(own.bin, "nvcc"), str(folder)), folder / name)
    assert same(ran(call(str(folder / name), path=[other.bin, system])), own)


@pytest.mark.parametrize("count", [2, 5, 19])
def test_chains_of_links(call, own, other, tmp_path, count):
    target = os.path.join(own.bin, "nvcc")
    for number in range(count):
        folder = tmp_path / f"hop {number}"
        folder.mkdir()
        os.symlink(target if number % 2 else os.path.relpath(target, folder), folder / f"nvcc-{number}")
        target = str(folder / f"nvcc-{number}")
    assert same(ran(call(target, path=[other.bin])), own)


def test_a_link_in_another_environment_is_that_environments(call, own, other):
    """Each hop is asked, the first one first: it stands where somebody put it."""
    os.unlink(os.path.join(other.bin, "nvcc"))
    os.symlink(os.path.join(own.bin, "nvcc"), os.path.join(other.bin, "nvcc"))
    assert same(ran(call(os.path.join(other.bin, "nvcc"), path=[own.bin])), other)
    shutil.rmtree(os.path.join(other.site, "nvidia"))
    assert same(ran(call(os.path.join(other.bin, "nvcc"), path=[])), own)


@pytest.mark.parametrize("shape", ["link", "chain", "of bin in its place"])
@pytest.mark.parametrize("suffix", ["", "/", "//", "/."])
def test_a_folder_of_shims_under_another_name(call, own, other, system, tmp_path, shape, suffix):
    alias = str(tmp_path / "home" / "scripts")
    os.mkdir(os.path.dirname(alias))
    if shape == "of bin in its place":
        os.rename(own.bin, own.path + "-bin")
        os.symlink(own.path + "-bin", own.bin)
        alias = own.bin
    else:
        os.symlink(own.bin, alias + "-x" if shape == "chain" else alias)
    if shape == "chain":
        os.symlink("scripts-x", alias)
    done = call(f"{alias}{suffix}/nvcc", path=[alias + suffix, other.bin, system])
    assert same(ran(done), own)


# copies ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["copy", "hard link"])
@pytest.mark.parametrize("name", ["nvcc", "ptxas"])
def test_a_copy_serves_where_it_stands(call, own, other, system, tmp_path, how, name):
    put = os.link if how == "hard link" else shutil.copy2
    shim = os.path.join(own.bin, "nvcc")
    place = str(tmp_path / "elsewhere" / name)
    os.mkdir(os.path.dirname(place))
    put(shim, place)
    # of no environment: the first one on PATH that has the tool, then a system's
    assert os.path.realpath(ran(call(place, path=[system, own.bin, other.bin]))).startswith(own.site)
    assert os.path.realpath(ran(call(place, path=[system, other.bin, own.bin]))).startswith(other.site)
    if name == "nvcc":
        assert ran(call(place, path=[system])) == os.path.join(system, "nvcc")
    failed(call(place, path=[os.path.dirname(place)]), "not installed")
    # in an environment: that one's, whoever made it
    os.unlink(os.path.join(other.bin, "nvcc"))
    put(shim, os.path.join(other.bin, name))
    assert os.path.realpath(ran(call(os.path.join(other.bin, name), path=[own.bin, system]))).startswith(other.site)


@pytest.mark.parametrize("how", ["copy", "hard link", "link"])
def test_shims_alone_on_path_end_in_an_error(call, new_prefix, tmp_path, how):
    lonely = new_prefix("lonely")
    shim = lonely.shim()
    folders = []
    for number in range(20):
        folder = str(tmp_path / f"folder{number}")
        os.mkdir(folder)
        {"copy": shutil.copy2, "hard link": os.link, "link": os.symlink}[how](shim, os.path.join(folder, "nvcc"))
        folders.append(folder)
    failed(call(shim, path=folders), "not installed")
    failed(call(os.path.join(folders[7], "nvcc"), path=[*folders, lonely.bin]), "not installed")


def test_one_folder_under_many_names_on_path(call, new_prefix, system, tmp_path):
    lonely = new_prefix("lonely")
    shim = lonely.shim()
    os.symlink(lonely.bin, tmp_path / "alias")
    os.symlink(lonely.path, tmp_path / "prefix")
    names = [
        *(lonely.bin, lonely.bin + "/", lonely.bin + "//", lonely.bin + "/.", lonely.bin + "/../bin", "/" + lonely.bin),
        *(
            lonely.bin.replace("/", "//"),
            str(tmp_path / "alias"),
            str(tmp_path / "alias/."),
            str(tmp_path / "prefix/bin"),
        ),
    ]
    for called in names:
        failed(call(f"{called}/nvcc", path=names), "not installed")
        assert ran(call(f"{called}/nvcc", path=[*names, system])) == os.path.join(system, "nvcc")
    lonely.toolkit()
    assert same(ran(call(shim, path=[system, *names])), lonely)
    toolkit = read_toolkit(Place(lonely.site, 13))
    assert list(on_path("nvcc", os.pathsep.join([*names, system]))) == [shim, os.path.join(system, "nvcc")]
    assert runs_ours(shim, toolkit)


def test_a_bind_mount(shell, commands, own, other, system, tmp_path):
    """What a mount shows has no way back to where it is from: the environment has to be on PATH."""
    unshare = shutil.which("unshare")
    place = tmp_path / "mounted"
    place.mkdir()
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    before = [unshare, "-r", "-m"] if os.geteuid() else [unshare, "-m"]
    before = [*before, "--propagation", "private", "/bin/sh", "-c", script, "sh", own.bin, str(place)]
    environ = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    if unshare is None or subprocess.run([*before, "true"], env=environ, capture_output=True, check=False).returncode:
        pytest.skip("needs a mount namespace (unshare of util-linux, and the right to use it)")

    def mounted(*path):
        environ = ["env", "-i", "PATH=" + os.pathsep.join([str(place), *path, commands])]
        command = [*before, *environ, *shell, str(place / "nvcc")]
        return subprocess.run(command, env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}, capture_output=True, check=False)

    failed(mounted(), "not installed")
    assert same(ran(mounted(own.bin, other.bin)), own)
    assert ran(mounted(system)) == os.path.join(system, "nvcc")


# argv[0] --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv0", ["ptxas", "/usr/bin/nvcc", "", "-nvcc", "sh", "x" * 1000, "../nvcc", "\udcff"])
@pytest.mark.parametrize("linked", [False, True])
def test_another_argv0(own, other, system, tmp_path, argv0, linked):
    """``exec -a``: of a script the kernel passes the path on, so it is that which counts."""
    shim = os.path.join(own.bin, "nvcc")
    if linked:
        os.symlink(shim, tmp_path / "cuda-nvcc")
        shim = str(tmp_path / "cuda-nvcc")
    path = os.pathsep.join([other.bin, system, "/usr/bin", "/bin"])
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash: apt-get install bash")
    # not subprocess: from Python 3.13 on it starts nothing without a name
    command = [bash, "-c", 'exec -a "$1" "$2" "${@:3}"', "bash", argv0, shim, "a", ""]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, check=False)
    assert same(ran(done), own)
    assert done.stdout.split(b"\0")[1:] == [b"a", b"", b""]


# loops ----------------------------------------------------------------------------------------------------------------


def _wrapper(log, body):
    # ends after a hundred rounds: what does not end by itself does not end this machine
    return (
        f'#!/bin/sh\necho x >>"{log}"\n[ "$(wc -l <"{log}")" -lt 100 ] || {{ echo for ever >&2; exit 66; }}\n{body}\n'
    ).encode()


BACK = {
    "exec by PATH": 'exec nvcc "$@"',
    "as a child": 'nvcc "$@"; exit $?',
    "through a shell": 'exec sh -c \'exec nvcc "$@"\' nvcc "$@"',
    "by the shim's path": 'exec "$SHIM" "$@"',
    "with its own folder first": 'PATH="${0%/*}:$PATH"; export PATH; exec "$SHIM" "$@"',
}


@pytest.mark.parametrize("back", BACK)
def test_a_wrapper_on_path_that_comes_back(call, new_prefix, tmp_path, back):
    lonely = new_prefix("lonely")
    shim, log = lonely.shim(), tmp_path / "log"
    wrap = os.path.dirname(write(str(tmp_path / "wrap/nvcc"), _wrapper(log, BACK[back]), 0o755))
    done = call(shim, path=[lonely.bin, wrap, "/usr/bin", "/bin"], SHIM=shim)
    failed(done, "call each other")
    assert 1 < log.read_text().count("x") < 12


@pytest.mark.parametrize("variable", ["CUDA_SHIMS_TOOLKIT", "CUDA_SHIMS_FORWARD"])
@pytest.mark.parametrize("back", [each for each in BACK if each != "with its own folder first"])
def test_a_chosen_toolkit_whose_nvcc_comes_back(call, own, tmp_path, variable, back):
    log = tmp_path / "log"
    write(str(tmp_path / "cuda/bin/nvcc"), _wrapper(log, BACK[back]), 0o755)
    shim = os.path.join(own.bin, "nvcc")
    done = call(shim, path=[own.bin, "/usr/bin", "/bin"], SHIM=shim, **{variable: str(tmp_path / "cuda")})
    assert (done.returncode, b"for ever" in done.stderr) == (127, False)
    assert b"call each other" in done.stderr


def test_two_environments_that_forward_to_each_other(call, new_prefix):
    one, two = new_prefix("one"), new_prefix("two")
    one.shim(), two.shim()
    for path in ([one.bin, two.bin], [two.bin, one.bin]):
        failed(call(os.path.join(one.bin, "nvcc"), path=path), "not installed")
        failed(call(os.path.join(one.bin, "nvcc"), path=path, CUDA_SHIMS_FORWARD=two.path), "not installed")
        failed(call(os.path.join(one.bin, "nvcc"), path=path, CUDA_SHIMS_TOOLKIT=two.path), "holds no such tool")


def test_another_environments_shims_first_on_path(call, own, other, new_prefix):
    lonely = new_prefix("lonely")
    shims = [os.path.join(each.bin, "nvcc") for each in (own, other)]
    for path in ([other.bin, own.bin], [own.bin, other.bin], [lonely.bin, other.bin, own.bin]):
        assert same(ran(call(shims[0], path=path)), own)
        assert same(ran(call(shims[1], path=path)), other)
    # an environment without a toolkit takes the next one's: pip and PDM split one over two prefixes
    write_shim(lonely.bin)
    assert same(ran(call(os.path.join(lonely.bin, "nvcc"), path=[lonely.bin, other.bin, own.bin])), other)


# compiler caches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["own", "system", "nowhere"])
def test_ccache_under_the_name_of_nvcc(own, new_prefix, system, tmp_path, tool):
    """Its link is before the shim, or behind it, or both: they find each other by PATH, and may not for ever."""
    program = shutil.which("ccache")
    if program is None:
        pytest.skip("needs ccache: apt-get install ccache")
    lonely = new_prefix("lonely")
    lonely.shim()
    shims = own.bin if tool == "own" else lonely.bin
    cache = str(tmp_path / "masquerade")
    os.mkdir(cache)
    os.symlink(program, os.path.join(cache, "nvcc"))
    os.symlink(cache, tmp_path / "again")
    behind = [system] if tool == "system" else []
    expected = os.path.join(system if tool == "system" else own.site, "")
    environ = {"HOME": str(tmp_path), "CCACHE_DIR": str(tmp_path / "cache")}
    for before in ([cache, shims], [shims, cache], [cache, str(tmp_path / "again"), shims, f"{cache}/", f"{shims}/"]):
        path = os.pathsep.join([*before, *behind, "/usr/bin", "/bin"])
        for folder in (shims, cache):
            command = [os.path.join(folder, "nvcc"), "--version"]
            done = subprocess.run(command, env={**environ, "PATH": path}, capture_output=True, check=False, timeout=60)
            if tool == "own":
                assert os.path.realpath(ran(done)).startswith(expected)
            elif done.returncode == 0:
                assert ran(done).startswith(expected)
            else:  # the shim takes the first one that is none, which is ccache, which takes the shim
                assert b"call each other" in done.stderr
                assert done.stderr.count(b"\n") < 3
