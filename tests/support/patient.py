"""An environment that a test spoils in one way, and what the doctor finds in it."""

from __future__ import annotations

import os

from fake_toolkit import age, component_files, write, write_distribution

from _cuda_shims import places as search
from cuda_shims.catalog import tools
from cuda_shims.doctor.checks import examine
from cuda_shims.environment.environment import Environment
from cuda_shims.installation import install as api

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
        self.environ = {"PATH": f"{prefix.bin}:{self.tools}", "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}
        self.compiler("gcc", __GNUC__=12)

    def compiler(self, name, said="", code=0, **macros):
        lines = [f"#define {macro} {value}" for macro, value in {"__x86_64__": 1, **macros}.items()]
        text = "#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in [*lines, said]) + f"exit {code}\n"
        return write(os.path.join(self.tools, name), text.encode(), 0o755)

    def toolkit(self, version="13.5.37", components=tuple(tools.COMPILER_COMPONENTS), tool=TOOL):
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
        api.install(self.environment, **options)

    @property
    def root(self):
        return search.Place(self.prefix.site, 13).fresh_root()

    def examine(self, **environ):
        """Return the findings; a variable that is ``None`` is unset."""
        merged = {**self.environ, **environ}
        return examine(
            self.environment, {name: value for name, value in merged.items() if value is not None}, self.folder
        )

    def bad(self, **environ):
        """Return what is wrong, code to finding."""
        found = self.examine(**environ)
        assert all(
            each.what.endswith((".", "!")) and each.level in {"ok", "hint", "warning", "error"} for each in found
        )
        bad = [each for each in found if each.level != "ok"]
        assert all(each.why and each.fix for each in bad)
        assert len({each.code for each in bad}) == len(bad), found
        return {each.code: each for each in bad}


def only(found):
    (finding,) = found.values()
    return finding


def codes(found):
    return [each.code for each in found]
