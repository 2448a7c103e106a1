"""
The ways in which an environment with cuda-shims can be broken, for the tests and for ``tests/bench/bench.py``.

Each spoils an environment whose root is stale, so that the next start of Python has something to write, or needs a
shell in which it is looked at: a full or read-only file system, another user.
"""

from __future__ import annotations

import glob
import os
import shutil
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: CUDA_HOME in a broken environment: the root, which was repaired; the wheels' own folder; either; nothing
ROOT, WHEELS, ANY, NONE = "root", "wheels", "any", "none"


class Fault(NamedTuple):
    """One way of being broken."""

    #: changes the environment; gets its site-packages and scripts directories
    spoil: Callable[[str, str], None]
    #: what CUDA_HOME has to name then
    home: str
    #: the shell command that prepares a mount namespace or a process (``$1`` the environment) and then ends in ``exec``
    shell: str = ""
    #: what the doctor says of it (one of these codes), when the next start cannot repair it
    finding: str = ""


def _nothing(site: str, scripts: str) -> None:
    pass


def _roots(site: str) -> str:
    return os.path.join(site, "cuda_shims_toolkit")


def _dist_info(site: str) -> str:
    (folder,) = glob.glob(os.path.join(site, "cuda_shims-*.dist-info"))
    return folder


def _replace(path: str, data: bytes) -> None:
    os.unlink(path)  # an installer may have linked it from its cache
    with open(path, "wb") as file:
        file.write(data)


def _killed(site: str, scripts: str) -> None:  # noqa: ARG001
    stage = os.path.join(_roots(site), "0123456789abcdef.cuda-shims-tmp")
    os.makedirs(os.path.join(stage, "bin"))
    os.symlink("../../../nvidia/cu13/bin/nvcc", os.path.join(stage, "bin", "nvcc"))
    os.unlink(os.path.join(_roots(site), "cu13", "made-from-3"))


def _no_shim(site: str, scripts: str) -> None:  # noqa: ARG001
    os.unlink(os.path.join(scripts, "nvcc"))


def _half_of(*patterns: str) -> Callable[[str, str], None]:
    def spoil(site: str, scripts: str) -> None:  # noqa: ARG001
        for pattern in patterns:
            for path in glob.glob(os.path.join(site, pattern)):
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)

    return spoil


def _dangling(site: str, scripts: str) -> None:  # noqa: ARG001
    root = os.path.join(_roots(site), "cu13")
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                os.unlink(path)
                os.symlink("/nowhere/at/all", path)


def _garbage(*paths: str) -> Callable[[str, str], None]:
    def spoil(site: str, scripts: str) -> None:  # noqa: ARG001
        for pattern in paths:
            (path,) = glob.glob(os.path.join(site, pattern))
            _replace(path, b"\0\xff\n../../../../../../etc/passwd\tsha256:00\n\t\t\t\n" + bytes(range(256)) * 9)

    return spoil


def _no_record(site: str, scripts: str) -> None:  # noqa: ARG001
    os.unlink(os.path.join(_dist_info(site), "RECORD"))


def _clock_went_back(site: str, scripts: str) -> None:  # noqa: ARG001
    # everything was made tomorrow, and a wheel came since, today
    root, tomorrow = os.path.join(_roots(site), "cu13"), os.stat(site).st_mtime + 86400
    for folder, _, _ in os.walk(os.path.join(site, "nvidia")):
        os.utime(folder, (tomorrow, tomorrow))
    os.utime(os.path.join(root, "made-from-3"), (tomorrow, tomorrow))
    with open(os.path.join(site, "nvidia", "cu13", "bin", "cuobjdump"), "wb") as file:
        file.write(b"#!/bin/sh\n")
    now = os.stat(site).st_mtime
    os.utime(os.path.join(site, "nvidia", "cu13", "bin"), (now, now))


def _a_file_for_nvidia(site: str, scripts: str) -> None:  # noqa: ARG001
    shutil.rmtree(os.path.join(site, "nvidia"))
    with open(os.path.join(site, "nvidia"), "wb"):
        pass


# the environment moves to a small file system of its own, under its own name; then that is filled
_FULL = """
size=$(($(du -sk "$1" | cut -f1) * 5 / 4 + 16384))k
mount -t tmpfs -o size=$size,{options} none /mnt && cp -a "$1" /mnt/env && mount --bind /mnt/env "$1" || exit 99
{fill}
"""
_BLOCKS = _FULL.format(options="mode=755", fill="dd if=/dev/zero of=/mnt/fill bs=64k 2>/dev/null")
_INODES = _FULL.format(
    options='nr_inodes=$(($(find "$1" | wc -l) + 600))',
    fill="(i=0; while : >/mnt/fill$i; do i=$((i + 1)); done) 2>/dev/null",
)
_READ_ONLY = 'mount -o bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; '
# neither is there a cache directory, nor one for temporary files
_NO_CACHE = 'home=$1; shift; exec env HOME="$home" TMPDIR="$home" XDG_CACHE_HOME= "$@"'
# the superuser without what sets it above others; whoever runs the tests may live where no other user may look
_WEAK = 'env=$1; shift; set -- "$env" setpriv --bounding-set=-all --inh-caps=-all "$@"; '
_OTHERS = f'chown -hR 65534 "$1" || exit 99; {_WEAK}{_NO_CACHE}'

FAULTS: dict[str, Fault] = {
    "killed": Fault(_killed, ROOT),
    "a shim is missing": Fault(_no_shim, ROOT, finding="shim-missing"),
    # the cache directory is on another disk
    "disk full": Fault(_nothing, ROOT, _BLOCKS + 'shift; exec "$@"'),
    "disk full of files": Fault(_nothing, ROOT, _INODES + 'shift; exec "$@"'),
    "disk full, no cache": Fault(_nothing, WHEELS, _BLOCKS + _NO_CACHE, "root-stale"),
    "disk full of files, no cache": Fault(_nothing, WHEELS, _INODES + _NO_CACHE, "root-stale"),
    "read-only": Fault(_nothing, ROOT, _READ_ONLY + 'shift; exec "$@"'),  # in the cache directory
    "read-only, no cache": Fault(_nothing, WHEELS, _READ_ONLY + _NO_CACHE, "root-unwritable"),
    "permission denied": Fault(_nothing, WHEELS, _OTHERS, "root-unwritable"),
    "clock went back": Fault(_clock_went_back, ROOT, finding="root-damaged"),
    "nvcc's wheel without its files": Fault(_half_of("nvidia/cu13/bin/*"), NONE, finding="empty-wheel"),
    "nvcc's wheel without its .dist-info": Fault(_half_of("nvidia_cuda_nvcc-*.dist-info"), ROOT),
    "nvvm's wheel half there": Fault(
        _half_of("nvidia/cu13/nvvm", "nvidia/cu13/lib/libnvvm*"), ROOT, "", "component-broken"
    ),
    "no wheel but its .dist-info": Fault(_half_of("nvidia"), NONE, finding="empty-wheel"),
    "nvidia is a file": Fault(_a_file_for_nvidia, NONE, finding="empty-wheel"),
    "links dangle": Fault(_dangling, ROOT),
    "the ledger is garbage": Fault(_garbage("cuda_shims_toolkit/ledger"), ROOT),
    "what a root was made from is garbage": Fault(_garbage("cuda_shims_toolkit/cu13/made-from-3"), ROOT),
    "RECORD is garbage": Fault(_garbage("cuda_shims-*.dist-info/RECORD"), ROOT),
    "RECORD is missing": Fault(_no_record, ROOT),
    "our .dist-info is missing": Fault(_half_of("cuda_shims-*.dist-info"), ANY, finding="not-installed"),
    "half of us is missing": Fault(_half_of("cuda_shims/root/build.py", "cuda_shims/files/stage.py"), WHEELS),
    "most of us is missing": Fault(_half_of("cuda_shims"), WHEELS),
    "the hook's module is missing": Fault(_half_of("_cuda_shims"), NONE),
}

__all__ = ["ANY", "FAULTS", "NONE", "ROOT", "WHEELS", "Fault"]
