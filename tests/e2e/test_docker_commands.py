"""
The commands of the Dockerfile in docs/how-to/docker.md, each stage in a Debian 13 of its own that debootstrap makes.

No Docker: what a ``FROM debian:13-slim`` gives is what debootstrap's ``minbase`` does, and a ``RUN`` is a shell in a
chroot of it, which sees nothing of this machine but the installers' settings and our wheel.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

import pytest
from checkout import CHECKOUT
from e2e_support import SYSTEM_PATH
from example_support import device_code
from foreign_sdists import QUICK

pytestmark = [pytest.mark.timeout(1200), pytest.mark.matrix]

PAGE = CHECKOUT / "docs/how-to/docker.md"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK = [name for name in ("/etc/resolv.conf", "/etc/hosts") if os.path.exists(name)]
# $1 the stage, then what to show it, each at its own path, "--", the command
CHROOT = """\
stage=$1
shift
mount -t proc proc "$stage/proc" || exit 120
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$stage$1"; else mkdir -p "$stage${1%/*}" && touch "$stage$1"; fi || exit 120
  mount --bind "$1" "$stage$1" || exit 120
  shift
done
shift
exec chroot "$stage" /bin/sh -c "$1"
"""


def stages():
    """Return the Dockerfile's stages: the name, and its instructions."""
    (text,) = re.findall(r"```dockerfile\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    found = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            assert image == "debian:13-slim"
            found.append((name, []))
        else:
            found[-1][1].append((word, rest))
    return found


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """Return what a stage begins with."""
    if os.getuid():
        pytest.skip("debootstrap and chroot need root")
    path = f"{SYSTEM_PATH}:/usr/local/bin"
    for program, package in (("debootstrap", "debootstrap"), ("apt-get", "apt"), ("unshare", "util-linux")):
        if shutil.which(program, path=path) is None:
            pytest.skip(f"{program} is not on this machine (Debian package {package})")
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    ).stdout
    mirror = next((line for line in said.splitlines() if line.rstrip("/").endswith("/debian")), None)
    if mirror is None:
        pytest.skip("this machine's apt names no mirror of Debian's")
    folder = tmp_path_factory.mktemp("debian") / "minbase"
    command = ["debootstrap", "--variant=minbase", "trixie", folder, mirror]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert not done.returncode, done.stdout[-4000:]
    return folder


class Stage:
    """A folder in which a stage's commands run."""

    def __init__(self, world, debian, folder):
        self.folder = folder
        subprocess.run(["cp", "-a", "--reflink=auto", debian, folder], check=True)
        environ = {name: value for name, value in world.base.items() if name.startswith("PIP_")}
        environ.pop("PIP_BUILD_CONSTRAINT")  # pip refuses it without isolation
        environ.pop("PIP_CONSTRAINT")  # pip 25.1, Debian 13's, takes no extra of what a constraint gives by its path
        self.environ = {**environ, "PATH": PATH, "LC_ALL": "C.UTF-8", "PIP_INDEX_URL": world.index}
        if "PIP_CERT" in environ:  # where it is Debian's package writes it too
            shutil.copyfile(environ.pop("PIP_CERT"), folder / "ca.crt")
            self.environ["PIP_CERT"] = "/ca.crt"
        words = " ".join(environ.values()).replace("file://", "").split()
        shown = {word for word in words if word.startswith("/") and os.path.exists(word)}
        self.shown = sorted({*shown, *NETWORK})

    def run(self, command, rc=0):
        words = ["unshare", "-m", "--propagation", "private", "/bin/sh", "-c", CHROOT, "sh"]
        words += [self.folder, *self.shown, "--", command]
        done = subprocess.run(
            words, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == rc, f"{command}\n{done.stdout[-8000:]}"
        return done.stdout


def test_the_commands_of_the_dockerfile(world, debian, tmp_path):
    done = {}
    for name, instructions in stages():
        stage = done[name] = Stage(world, debian, tmp_path / (name or "last"))
        for word, rest in instructions:
            if word == "RUN":
                stage.run(rest)
            else:
                assert word == "COPY", word
                source, left, right = shlex.split(rest)
                origin = done[source.removeprefix("--from=")].folder
                shutil.copytree(f"{origin}{left}", f"{stage.folder}{right}")
    build, last = done["build"], done[""]
    version = re.search(r", V(\S+)", build.run("/opt/build/bin/nvcc --version")).group(1)
    (library,) = last.folder.glob("opt/app/lib/python3*/site-packages/cuda_kernels/reduction/_reduction_cuda.so")
    assert {each[1] for each in device_code(world, library)} == {version}
    assert QUICK.prints in last.run(f"/opt/app/bin/python -c {shlex.quote(QUICK.load)}")
    assert not list(last.folder.glob("usr/bin/*g++*"))
    assert not list(last.folder.glob("opt/app/lib/python3*/site-packages/nvidia*"))
