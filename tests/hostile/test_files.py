"""Files and names that nobody would make, where cuda-shims reads: site-packages, a project, a toolkit, RECORDs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from fake_toolkit import COMPILER, NVCC_TOOLS, TOOL, age, record_hash, snapshot, write
from roots import make_root, root_path
from shim_support import SHELLS, ran

from _cuda_shims import MADE_FROM, places
from cuda_shims import config
from cuda_shims.cli import main
from cuda_shims.doctor import checks
from cuda_shims.environment import environment as environments
from cuda_shims.environment import toolkit as toolkits
from cuda_shims.environment.environment import Environment
from cuda_shims.environment.header import header_version
from cuda_shims.errors import ConfigError, CudaShimsError
from cuda_shims.files import plan
from cuda_shims.files.action import CONFLICT, KEEP, REMOVE
from cuda_shims.files.ledger import LEDGER
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(places.__file__)))
#: Names that a shell, a compiler cache's log, a Makefile, pkg-config or a terminal would make something of
NAMES = [
    *("$(touch pwned)", "`touch pwned`", "${IFS}touch${IFS}pwned", "; touch pwned", "| touch pwned", "& touch pwned &"),
    *(
        "\ntouch pwned\n",
        "a\ntouch pwned",
        "\r\ntouch pwned",
        "*",
        "?",
        "[a-z]",
        "~",
        "~root",
        "{a,b}",
        "!!",
        "#",
        "%s%n",
    ),
    *(
        " ",
        "a b",
        " a",
        "a ",
        "\t",
        "'",
        '"',
        "''",
        "\\",
        "a\\",
        "\\n",
        "-n",
        "--",
        "-rf",
        "=",
        "a=b",
        "<a>",
        "(a)",
        "a:b",
    ),
    *("$HOME", "$", "$$", "%PATH%", "\x1b[31m\x07", "\x7f", "\x01", "\u202egpj", "\ufeff", "\u00e9", "\U0001f40e"),
    *("x" * 200, ",", '","', "a,sha256=,1", "...", "..a", "a\tlink:b", "a\u2028b", "a\x85b", "a\x0bb"),
]


@pytest.fixture(autouse=True)
def _no_touch(tmp_path, monkeypatch):
    """Stand in a folder of its own, in which nothing may come into being."""
    folder = tmp_path / "stand"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    assert os.listdir(folder) == []


def environment(prefix, dist_info=None):
    return Environment((prefix.site,), prefix.bin, dist_info, is_target=False, label="test")


def use_all(prefix, hook, dist_info=None):
    """Do with an environment all that may be done to it; returns what the doctor says."""
    hook(prefix.site)
    install(environment(prefix, dist_info))
    assert all(change.kind in {KEEP, CONFLICT} for change in install(environment(prefix, dist_info)))
    found = checks.examine(environment(prefix, dist_info), {"PATH": f"{prefix.bin}:/usr/bin"}, "/nonexistent")
    assert not [each for each in found if each.code == "check-failed"]
    assert all(text.isprintable() for each in found for text in each)
    return found


# site-packages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "link loop", "dangling link", "fifo", "socket", "empty", "unreadable"])
@pytest.mark.parametrize("name", ["nvidia", "nvidia/cu13", "nvidia/cu13/bin", "cuda_shims_toolkit"])
@pytest.mark.timeout(20)
def test_something_else_where_a_folder_is(call, prefix, hook, name, kind):
    path = os.path.join(prefix.site, name)
    if name == "cuda_shims_toolkit":
        prefix.toolkit()
        prefix.ours()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "file":
        write(path)
    elif kind.endswith(("loop", "link")):
        os.symlink(os.path.basename(path) if kind == "link loop" else "nowhere", path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        os.mkdir(path, 0o755 if kind == "empty" else 0)
    found = hook(prefix.site)
    done = call(prefix.shim(), XDG_CACHE_HOME=os.environ["XDG_CACHE_HOME"])
    if name == "cuda_shims_toolkit":
        root = os.path.join(path, "cu13/bin/nvcc")
        cached, _ = next(places.Place(prefix.site, 13).elsewhere(os.environ))
        elsewhere = os.path.join(cached, "bin/nvcc")
        # the superuser writes to what may not be written
        expected = {root} if kind == "empty" else {root, elsewhere} if kind == "unreadable" else {elsewhere}
        assert found["CUDACXX"] in expected
        assert ran(done) == found["CUDACXX"]
    else:
        assert found == {"PATH": "/usr/bin"}
        assert (done.returncode, done.stdout) == (127, b"")
        assert toolkits.find_toolkits([prefix.site]) == [] or name.startswith("nvidia/cu13")


#: folders of nvidia/ that are no CUDA major, and what else has a number
NO_MAJORS = [
    *("cu", "cu0", "cu013", "cu0013", "cu00", "cu999999999999", "cu" + "9" * 200, "cu13 ", " cu13", "cu13\n", "\ncu13"),
    *(
        "cu\uff11\uff13",
        "cu\u0661\u0663",
        "cu\u00b9\u00b3",
        "cu1\u0663",
        "cu13.5",
        "cu-13",
        "cu+13",
        "cu1_3",
        "CU13",
        "Cu13",
    ),
    *(
        "cu13x",
        "xcu13",
        "cu 13",
        "cu\t13",
        "cu13\udcff",
        "cu$(touch pwned)",
        "cu`touch pwned`",
        "cu*",
        "cu[0-9]*",
        "cu1e1",
    ),
    *("cu0x0d", "cu1000", "cu10000", "cu100000"),
    "cu1000000",
]


def test_folders_that_are_no_cuda_major(call, new_prefix, hook):
    for number, name in enumerate(NO_MAJORS):
        prefix = new_prefix(f"env{number}")
        write(os.path.join(prefix.site, "nvidia", name, "bin/nvcc"), TOOL, 0o755)
        done = call(prefix.shim())
        assert (done.returncode, done.stdout) == (127, b""), name
        assert hook(prefix.site) == {"PATH": "/usr/bin"}, name
        assert toolkits.find_toolkits([prefix.site]) == [], name
        toolkit = os.path.dirname(write(os.path.join(prefix.site, "nvidia/cu13/bin/nvcc"), TOOL, 0o755))
        prefix.ours()
        assert ran(call(prefix.shim())) == f"{toolkit}/nvcc", name
        assert hook(prefix.site)["CUDACXX"] == os.path.join(root_path(prefix.site, 13), "bin/nvcc"), name
        assert [each.major for each in toolkits.find_toolkits([prefix.site])] == [13], name


def test_names_of_files(call, prefix, hook):
    """Each name as a tool, a library, a header, a package of CMake's, a module and a folder of NVIDIA's."""
    toolkit = prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cupti"])
    dist_info = prefix.ours()
    for name in NAMES:
        for place in ("bin/", "lib/lib", "include/", "nvvm/", "nvvm/lib64/", "lib/cmake/"):
            write(os.path.join(toolkit, place + name), TOOL, 0o755)
        for suffix in (".so.13", ".a"):
            write(os.path.join(toolkit, "lib", f"lib{name}{suffix}"))
        write(os.path.join(prefix.site, "nvidia", name, "bin/nvcc"), TOOL, 0o755)
        write(os.path.join(prefix.site, name))
        write(os.path.join(prefix.bin, name), TOOL, 0o755)
    age(prefix.site)
    before = snapshot(prefix.path)
    use_all(prefix, hook, dist_info)
    root = root_path(prefix.site, 13)
    for tool in NVCC_TOOLS:
        assert ran(call(os.path.join(prefix.bin, tool))) == f"{root}/bin/{tool}"
    for name in NAMES:
        assert os.path.samefile(os.path.join(root, "bin", name), os.path.join(toolkit, "bin", name))
    # the second one removes nothing that is wanted
    write(os.path.join(toolkit, "bin/later"))
    hook(prefix.site)
    assert set(os.listdir(os.path.join(root, "bin"))) == set(os.listdir(os.path.join(toolkit, "bin")))
    os.unlink(os.path.join(toolkit, "bin/later"))
    uninstall(environment(prefix, dist_info))
    after = snapshot(prefix.path)
    gone = set(before) - set(after)
    assert {path for path in gone if os.path.basename(path) in NAMES} == set()
    assert after == {path: before[path] for path in before if path not in gone}


def test_a_library_whose_name_is_not_utf_8(prefix, hook):
    write(os.path.join(prefix.toolkit(), "lib/libx\udcff.so.13"))
    use_all(prefix, hook, prefix.ours())
    assert os.path.lexists(os.path.join(root_path(prefix.site, 13), "lib/libx\udcff.so"))


def test_names_of_libraries_in_pc_files(prefix):
    toolkit = prefix.toolkit()
    names = [name for name in NAMES if "/" not in name]
    for name in names:
        write(os.path.join(toolkit, "lib", f"lib{name}.so.13"))
    folder = os.path.join(make_root(prefix.site, 13), "lib/pkgconfig")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        keys = [
            line.partition(":")[0] for line in text.split("\n") if line and not line.startswith(("cuda", "lib", "incl"))
        ]
        assert keys == ["Name", "Description", "Version", "Libs", "Cflags"], name
        assert "touch pwned" not in text


# .dist-info -----------------------------------------------------------------------------------------------------------

#: what a version may be called by a folder that no installer makes
VERSIONS = [
    *(
        "\ntouch pwned\n",
        "1.0\n#!sh",
        "\r\ntouch pwned",
        "$(touch pwned)",
        "; touch pwned",
        "a b",
        "'",
        '"',
        "\\",
        "\\n",
    ),
    *(
        "*",
        "%s%n",
        "\x1b[31m\x07",
        "\udcff",
        "\u202egpj",
        "\u0661\u0663.5",
        "1-2",
        "",
        "0.0.0a0",
        "13.5.37+local",
        "1!2.0",
    ),
    "9" * 150,
]


def _toolkit_with_version(prefix, version, name="nvidia_cuda_nvcc"):
    prefix.toolkit()
    old = os.path.join(prefix.site, f"{name}-13.5.37.dist-info")
    new = os.path.join(prefix.site, f"{name}-{version}.dist-info")
    if old != new:
        os.rename(old, new)
    age(prefix.site)


def test_versions_in_stamped_shims_are_no_commands(new_prefix, hook):
    shells = [[path, *options] for name, *options in SHELLS.values() if (path := shutil.which(name))]
    for number, version in enumerate(VERSIONS):
        prefix = new_prefix(f"env{number}")
        _toolkit_with_version(prefix, version)
        use_all(prefix, hook, prefix.ours())
        root = root_path(prefix.site, 13)
        shim = os.path.join(prefix.bin, "nvcc")
        with open(shim, "rb") as stamped, open(prefix.shim("plain"), "rb") as plain:
            assert stamped.read().count(b"\n") == plain.read().count(b"\n"), version

        def run(shell, shim=shim):
            command = [*shell, shim]
            return subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, check=False, timeout=60)

        assert {ran(run(shell)) for shell in shells} == {f"{root}/bin/nvcc"}, version
        shutil.rmtree(os.path.join(prefix.site, "nvidia"))
        assert {(run(shell).returncode, run(shell).stdout) for shell in shells} == {(127, b"")}, version


def test_versions_in_version_files(new_prefix):
    for number, version in enumerate(VERSIONS):
        prefix = new_prefix(f"env{number}")
        _toolkit_with_version(prefix, version)
        root = make_root(prefix.site, 13)
        with open(os.path.join(root, "version.json"), "rb") as file:
            assert json.load(file)["cuda"]["version"]
        with open(os.path.join(root, "version.txt"), "rb") as file:
            assert file.read().count(b"\n") == 1


def test_names_of_distributions(prefix, hook):
    prefix.toolkit()
    for number, name in enumerate(NAMES):
        for place in (
            f"nvidia-{name}-1",
            f"{name}-1",
            f"-{name}",
            f"cuda_shims_{name}-1",
            f"nvidia_cuda_nvcc-13.5.{number}{name}",
        ):
            folder = os.path.join(prefix.site, f"{place}.dist-info")
            if not os.path.isdir(folder):
                write(os.path.join(folder, "RECORD"), os.fsencode(f"nvidia/cu13/{name},,\n"))
    prefix.ours()
    hook(prefix.site)
    assert os.path.isdir(root_path(prefix.site, 13))
    found = checks.examine(environment(prefix), {"PATH": "/usr/bin"}, "/nonexistent")
    assert all(text.isprintable() for each in found for text in each)


def test_a_thousand_distributions_of_one_name(prefix, hook):
    prefix.toolkit()
    prefix.ours()
    for number in range(1000):
        write(
            os.path.join(prefix.site, f"nvidia_cuda_nvcc-13.5.{number}.dist-info/RECORD"), b"nvidia/cu13/bin/nvcc,,\n"
        )
    age(prefix.site)
    assert hook(prefix.site)["CUDACXX"].startswith(root_path(prefix.site, 13))


# RECORD ---------------------------------------------------------------------------------------------------------------


def _victims(folder, count=4):
    return [write(os.path.join(folder, f"victim{number}"), b"precious") for number in range(count)]


@pytest.mark.parametrize("hashed", ["", "sha256=bad", "right"])
@pytest.mark.parametrize("force", [False, True])
def test_uninstall_leaves_what_is_not_in_the_environment(prefix, tmp_path, hashed, force):
    prefix.toolkit()
    dist_info = prefix.ours()
    absolute, _, dotted, quoted = _victims(str(tmp_path / "elsewhere"))
    way = os.path.relpath(str(tmp_path / "elsewhere"), prefix.site)
    digest = record_hash(b"precious") if hashed == "right" else hashed
    paths = [absolute, f"{way}/victim1", f"x/../../{'../' * 9}..{dotted}", f'"{quoted}"', "/etc/passwd"]
    with open(os.path.join(dist_info, "RECORD"), "a", encoding="utf-8") as file:
        file.writelines(f"{path},{digest},8\n" for path in paths)
    # /etc/passwd is named in what would be done, and is not there to be tried with
    changes = uninstall(environment(prefix, dist_info), dry_run=True, force=force)
    assert "/etc/passwd" not in [change.path for change in changes if change.kind == REMOVE]
    with open(os.path.join(dist_info, "RECORD"), encoding="utf-8") as file:
        text = file.read()
    write(os.path.join(dist_info, "RECORD"), text.replace(f"/etc/passwd,{digest},8\n", "").encode())
    uninstall(environment(prefix, dist_info), force=force)
    assert sorted(os.listdir(tmp_path / "elsewhere")) == ["victim0", "victim1", "victim2", "victim3"]
    assert not os.path.exists(dist_info)


@pytest.mark.parametrize("force", [False, True])
def test_uninstall_leaves_what_our_ledger_names_elsewhere(prefix, tmp_path, force):
    prefix.toolkit()
    dist_info = prefix.ours()
    absolute, relative, dotted, _ = _victims(str(tmp_path / "elsewhere"))
    digest = plan.disk_digest(absolute)
    paths = [absolute, os.path.relpath(relative, prefix.site), f"x/../{os.path.relpath(dotted, prefix.site)}"]
    record = "".join(f"{path}\t{digest}\n" for path in paths)
    write(os.path.join(prefix.site, "cuda_shims_toolkit", LEDGER), record.encode())
    uninstall(environment(prefix, dist_info), force=force)
    assert sorted(os.listdir(tmp_path / "elsewhere")) == ["victim0", "victim1", "victim2", "victim3"]


@pytest.mark.parametrize(
    "place",
    ["{tmp}/elsewhere", "/etc", "../../../../elsewhere", "{site}/../../../../elsewhere", "x/../../../../../elsewhere"],
)
def test_the_hook_writes_shims_to_scripts_directories_alone(prefix, hook, tmp_path, place):
    prefix.toolkit()
    dist_info = prefix.ours()
    os.mkdir(tmp_path / "elsewhere")
    place = place.format(tmp=tmp_path, site=prefix.site)
    with open(os.path.join(dist_info, "RECORD"), encoding="utf-8") as file:
        text = file.read()
    lines = [line for line in text.splitlines(keepends=True) if "/bin/" not in line]
    write(os.path.join(dist_info, "RECORD"), "".join([f"{place}/nvcc,,\n", *lines]).encode())
    assert environments.recorded_scripts(dist_info) is None
    hook(prefix.site)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert not os.path.exists("/etc/nvcc")


GARBAGE = {
    "empty": b"",
    "NULs": b"\0" * 4096,
    "a NUL in each path": b"a\0b,,\nbin/nv\0cc,,\n../../../bin/nvcc\0,,\n\0\tlink:x\na\0b\tsha256:00\n",
    "not UTF-8": b"\xff\xfe/nvcc,,\n\xff\tlink:\xff\n",
    "one line of 10 MB": b"x" * 10_000_000,
    "commas": b"," * 100_000 + b"\n" + b",,\n" * 1000,
    "quotes": b'"' * 100_001 + b"\n" + b'"a,,\n""",,\n',
    "a folder": b"../../..,,\n.,,\n..,,\n/,,\n.\tsha256:00\n..\tlink:x\n/\tlink:x\n",
    "line breaks of Unicode": "a\u2028b,,\nc\x85d,,\ne\x0bf,,\n".encode(),
    "RECORD itself": b"cuda_shims-0.1.0.dist-info/RECORD,,\n" * 1000,
    "devices": b"/dev/null,,\n/proc/self/mem,,\n/dev/null\tsha256:00\n",
}


@pytest.mark.parametrize("which", ["RECORD", LEDGER, f"cu13/{MADE_FROM}"])
@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.timeout(20)
def test_a_record_of_garbage(prefix, hook, data, which):
    prefix.toolkit()
    dist_info = prefix.ours()
    folder = dist_info if which == "RECORD" else os.path.join(prefix.site, "cuda_shims_toolkit")
    path = os.path.join(folder, which)
    write(path, data)
    use_all(prefix, hook, dist_info)
    write(path, data)
    changes = uninstall(environment(prefix, dist_info), dry_run=True)
    assert not [each.path for each in changes if each.kind == REMOVE and each.path.startswith(("/dev", "/proc"))]
    before = snapshot(os.path.join(prefix.site, "nvidia"))
    uninstall(environment(prefix, dist_info))
    assert snapshot(os.path.join(prefix.site, "nvidia")) == before
    assert os.path.exists("/dev/null")


#: a file that is opened at a start of Python or by a command, relative to site-packages
READ = {
    "a wheel's RECORD": "nvidia_cuda_nvcc-13.5.37.dist-info/RECORD",
    "our RECORD": "cuda_shims-0.1.0.dist-info/RECORD",
    "our ledger": f"cuda_shims_toolkit/{LEDGER}",
    "what a root was made from": f"cuda_shims_toolkit/cu13/{MADE_FROM}",
    "a root": "cuda_shims_toolkit/cu13",
    "cuda.h": "nvidia/cu13/include/cuda.h",
    "nvml.h": "nvidia/cu13/include/nvml.h",
    "host_config.h": "nvidia/cu13/include/crt/host_config.h",
    "a shim": "../../../bin/nvcc",
    "cuda_shims.pth": "cuda_shims.pth",
}


USE = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))  # what is endless ends here, and not this machine
from cuda_shims.doctor import checks
from cuda_shims.environment.environment import Environment
from cuda_shims.errors import CudaShimsError
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall
from _cuda_shims.uncommon import activate
site_dir, scripts, dist_info = sys.argv[1:]
environment = Environment((site_dir,), scripts, dist_info, False, "test")
activate([site_dir], {"PATH": "/usr/bin"})
def examine(environment):
    checks.examine(environment, {"PATH": "/usr/bin"}, "/nonexistent")
for command in (install, install, examine, uninstall):
    try:
        command(environment)
    except CudaShimsError as error:
        print(error)
"""


def _put(kind, path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        os.mkdir(path)
    else:
        os.symlink("/dev/zero" if kind == "zero" else os.path.basename(path), path)


@pytest.mark.parametrize("kind", ["fifo", "zero", "loop", "directory"])
def test_no_file_is_waited_for_and_none_is_endless(new_prefix, kind):
    running = {}
    for number, (name, place) in enumerate(READ.items()):
        prefix = new_prefix(f"env{number}")
        prefix.toolkit()
        dist_info = prefix.ours()
        if "root" in name:
            make_root(prefix.site, 13)
        _put(kind, os.path.join(prefix.site, place))
        running[name] = subprocess.Popen(
            [sys.executable, "-c", USE, prefix.site, prefix.bin, dist_info],
            env={"PATH": "/usr/bin", "PYTHONPATH": SOURCE, "XDG_CACHE_HOME": prefix.path + "-cache"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    wrong = {}
    end = time.monotonic() + 120
    for name, process in running.items():
        try:
            said = process.communicate(timeout=max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            said = (b"", b"hangs " + process.communicate()[1])
        if process.returncode or said[1]:
            wrong[name] = said[1][-500:]
    assert wrong == {}


@pytest.mark.parametrize("name", ["a root", "what a root was made from"])
@pytest.mark.parametrize("kind", ["fifo", "zero", "loop", "directory"])
def test_the_shim_waits_for_no_file(call, prefix, name, kind):
    toolkit = prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site, 13)
    shim = prefix.shim()
    assert ran(call(shim)) == os.path.join(root, "bin/nvcc")
    _put(kind, os.path.join(prefix.site, READ[name]))
    assert ran(call(shim)) == os.path.join(toolkit, "bin/nvcc")


# a project and a toolkit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"x" * 10_000_000 + b"\n#define CUDA_VERSION 13050\n", "13.5"),
        (b"\n" * 1_000_000 + b"#define CUDA_VERSION 13050\n", "13.5"),
        (b"#define CUDA_VERSION 13050" + b" " * 10_000_000, "13.5"),
        (b"#define " * 1_000_000 + b"\n#define CUDA_VERSION 13050\n", "13.5"),
        (b"\0\n#define CUDA_VERSION 13050\n", "13.5"),
        ("#define CUDA_VERSION \u00b2".encode(), None),
        ("#define CUDA_VERSION \u0661\u0663\u0660\u0665\u0660".encode(), None),
        (b"#define CUDA_VERSION " + b"9" * 5000, None),
        (b"#define CUDA_VERSION -13050", None),
        (b"#define CUDA_VERSION 13050L", None),
        (b"#define CUDA_VERSION 0x32fa", None),
        (b"#define CUDA_VERSION\n13050", None),
        (b"#define CUDA_VERSION_NEXT 13050", None),
    ],
    ids=lambda value: ascii(value)[2:30],
)
@pytest.mark.timeout(60)
def test_a_cuda_h_that_nobody_would_write(prefix, hook, text, version):
    toolkit = prefix.toolkit()
    write(os.path.join(toolkit, "include/cuda.h"), text)
    prefix.ours()
    age(toolkit)
    assert header_version(toolkit) == version
    assert hook(prefix.site)["CUDACXX"].startswith(root_path(prefix.site, 13))
    found = checks.examine(environment(prefix), {"PATH": "/usr/bin"}, "/nonexistent")
    assert not [each for each in found if each.code == "check-failed"]


@pytest.mark.parametrize(
    "text",
    [
        b"[tool.cuda-shims]\ntoolkit = 13\n" + b"#" * 10_000_000,
        b"[tool.cuda-shims]\ntoolkit = 13\n" + b"\0" * 1000,
        b"[tool.cuda-shims]\ntoolkit = 13\n\xff\xfe",
        b"[tool.cuda-shims]\ntoolkit = 13\nx = " + b"[" * 500_000,
        b"[tool.cuda-shims]\ntoolkit = 13\nx = " + b"{a=" * 200_000,
        b"[tool.cuda-shims]\ntoolkit = 13\nx" + b".a" * 200_000 + b" = 1",
        b"[tool.cuda-shims]\ntoolkit = 13\n" + b"k" * 1_000_000 + b" = 1",
        b"[tool.cuda-shims]\ntoolkit = " + b"9" * 1_000_000,
        b"[tool.cuda-shims]\ntoolkit = 0x" + b"f" * 1_000_000,
        b'[tool.cuda-shims]\ntoolkit = "' + b"\\u0031" * 150_000,
        b"[tool.cuda-shims]\n" * 50_000,
        b"[[tool.cuda-shims]]\n" * 50_000,
        "fifo",
        "directory",
        "loop",
        "/dev/zero",
        "/dev/null",
        "/proc/self/mem",
    ],
    ids=lambda value: ascii(value)[:60],
)
@pytest.mark.timeout(60)
def test_a_pyproject_that_nobody_would_write(prefix, hook, tmp_path, monkeypatch, capsys, text):
    project = tmp_path / "project"
    project.mkdir()
    path = str(project / "pyproject.toml")
    if isinstance(text, bytes):
        write(path, text)
    elif text == "fifo":
        os.mkfifo(path)
    elif text == "directory":
        os.mkdir(path)
    else:
        os.symlink("pyproject.toml" if text == "loop" else text, path)
    # two toolkits: the configuration decides
    prefix.toolkit()
    write(os.path.join(prefix.site, "nvidia/cu14/bin/nvcc"), TOOL, 0o755)
    prefix.ours()
    age(prefix.site)
    monkeypatch.chdir(project)
    assert hook(prefix.site)["CUDACXX"].startswith(root_path(prefix.site, 14))
    with pytest.raises(ConfigError) as raised:
        config.load_config(str(project), {})
    assert str(raised.value).isprintable()
    monkeypatch.setattr(sys, "path", [*(each for each in sys.path if "-packages" not in each), prefix.site])
    assert main(["root"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), said.err[:12]) == ("", 1, "cuda-shims: ")
    found = checks.examine(environment(prefix), {"PATH": "/usr/bin"}, str(project))
    assert {"config-invalid", "pyproject-unreadable"} & {each.code for each in found}


@pytest.mark.parametrize(
    "answer", ["[]", "[[3, 13], [], 1, 2]", '[["x"], [], "", ""]', "1e999", '{"a": 1}', "[" * 100_000]
)
def test_a_python_that_answers_nonsense(tmp_path, answer):
    write(str(tmp_path / "answer"), answer.encode())
    python = write(str(tmp_path / "python"), f"#!/bin/sh\ncat '{tmp_path}/answer'\n".encode(), 0o755)
    with pytest.raises(CudaShimsError):
        environments.interpreter_environment(python)
