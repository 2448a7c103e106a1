"""
A tool that is not found, or may not be run, and files of an environment that is gone.

The latter an earlier build has noted: CMake's cache, a build folder that is kept.
"""

from __future__ import annotations

import os
import re

from cuda_shims.catalog import tools
from cuda_shims.doctor.log import makefile
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import ISOLATED
from cuda_shims.doctor.log.fix import Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cuda_shims.doctor.log.cause import Explain, Words

NOWHERE = (
    "it is neither on PATH nor where CUDA_HOME or a similar variable leads; the wheels put it into "
    "site-packages/nvidia/cu13/bin, where no build system looks"
)
LINK = "nvcc takes its toolkit from the path that it is started by: through a link or a copy of it, it finds none"
#: where toolkits are by default, which Makefiles, torch and others try
_DEFAULT = re.compile(
    r"(?i)(?:/usr(?:/local)?(?:/(?:lib/)?(?:nvidia-cuda-toolkit|cuda)(?:-[\d.]{1,5})?)?|/opt/(?:nvidia/)?cuda(?:-[\d.]{1,5})?"
    r"|[a-z]:[/\\]program files[/\\]nvidia gpu computing toolkit[/\\]cuda(?:[/\\]v[\d.]{1,5})?)[/\\]bin"
)
#: what a shim says, and how to fix it: never the words of the log, which may be anybody's
_SHIM_SAYS = {
    "call each other": "take one of them off PATH, or install the toolkit",
    "holds no such tool": "unset the variable that it names, or have it name a toolkit root",
    "is not executable": "make a toolkit root, which runs it: cuda-shims root",
}
#: a compiler of Visual Studio, as CMake finds it
_MSVC = (
    r"Check for working C(?:XX)? compiler: [^\n]{0,200}cl\.exe|compiler identification is MSVC"
    r"|Building for: Visual Studio"
)
_ANEW = "its environment was made again, and a toolkit root is made when Python, or a shim, first starts there"
_ANEW_FIX = "start one there (nvcc --version), and build again"


def judge_nvcc(scene: Scene, why: str = NOWHERE) -> str:
    """Say why there is no nvcc, or none that works: a build whose requirements are known may not list it."""
    lacks = bool(scene.build.listed) and not scene.has("nvcc")
    return f"nvidia-cuda-nvcc holds nvcc, and {scene.build.lacking}" if lacks else why


def explain_no_nvcc(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain an nvcc that a program does not find."""
    cause = said(words, scene)
    return cause and cause._replace(why=judge_nvcc(scene, cause.why))


def explain_tool(words: Words, scene: Scene) -> Cause | None:
    """Explain a tool that is not found."""
    name = words["name"]
    folder, base = os.path.split(name.replace("\\", "/"))
    known = tools.find_tool(base.removesuffix(".exe"))
    if known is None:
        return None
    what = f"There is no {name}."
    if known.name == "nvcc" and not folder:
        return Cause("nvcc-not-found", what, judge_nvcc(scene), Scene.shims)
    if known.extra != "nvcc" and not scene.has(known.extra):
        scene.wanted.add(known.extra)
        since = f" since CUDA {known.since}" if known.since != "13.0" else ""
        why = f"{known.distribution} holds it{since}, and {scene.build.lacking}"
        if scene.toolkit_home:
            why = f"the toolkit in {scene.toolkit_home} lacks it; of the wheels {known.distribution} holds it{since}"
        return Cause("need", what, why, Scene.complete if scene.toolkit_home else Scene.need, base, "tool-missing")
    if folder:
        return _explain_path(os.path.join(folder, base), what, scene)
    if known.name in {"cicc", "cudafe++", "fatbinary", "nvlink", "ptxas"}:  # nvcc runs them
        return Cause("nvcc-link", what, judge_nvcc(scene, LINK), Scene.shims, code="nvcc-link")
    why = f"{known.distribution} holds it, and nothing on PATH leads there"
    return Cause("shims", what, why, Scene.shims, base)


def _explain_path(path: str, what: str, scene: Scene) -> Cause:
    if os.path.dirname(path).lstrip("/") == "bin":
        why = "a variable that names the toolkit's folder (CUDA_PATH, CUDA_HOME or a similar one) is empty"
        fix = Scene.named if makefile.has_configured(scene) else makefile.name_toolkit
        return Cause("nvcc-not-found", what, why, fix, code="nvcc-not-found")
    if makefile.is_made(scene):
        why = "a variable of the Makefile, or of the environment, names that folder, which has no toolkit"
        return Cause("nvcc-not-found", what, why, makefile.name_toolkit, code="nvcc-not-found")
    if _DEFAULT.fullmatch(os.path.dirname(path)):
        why = "a Makefile, torch or CUDA_HOME names that folder, which has no toolkit, or a part of one"
        return Cause("nvcc-not-found", what, why, Scene.named, code="nvcc-not-found")
    if ISOLATED.search(path) or re.search(r"[/\\](?:cuda_shims_toolkit|nvidia)[/\\]cu\d\d[/\\]", path):
        why = "an earlier build has noted it, in CMakeCache.txt say, and the environment that had it is gone"
        return Cause("stale", what, why, Scene.fresh, code="stale")
    why = "a variable (CUDACXX, CUDA_HOME, NVCC), an option, or what an earlier build has noted names it"
    return Cause(
        "stale",
        what,
        why,
        lambda scene: f"correct or unset the variable; if there is none: {scene.fresh()}",
        code="stale",
    )


def explain_no_compiler(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a CMake without nvcc; on Windows its generator may be Visual Studio, which asks no PATH."""
    cause = explain_no_nvcc(said, words, scene)
    if cause is None or not scene.says(_MSVC) or scene.says("Ninja"):
        return cause
    why = "its generator is Visual Studio by default, which takes nvcc from files of CUDA's installer and asks no PATH"
    fix = "install CUDA after Visual Studio, with its Visual Studio integration; or set CMAKE_GENERATOR to Ninja"
    return cause._replace(why=why, fix=lambda scene: f"{fix}, where nvcc is on PATH: {scene.shims()}")


def explain_named_compiler(words: Words, scene: Scene) -> Cause | None:
    """Explain a missing compiler that CMake or torch was told to use."""
    name = words["name"].strip()
    if not re.search(r"[/\\]", name):
        why = judge_nvcc(scene)
        return Cause("nvcc-not-found", f"There is no {name} on PATH.", why, Scene.shims, code="nvcc-not-found")
    cause = _explain_path(name.replace("\\", "/"), f"CMake is told of a compiler that does not exist, {name}.", scene)
    return _notice_new_environment(cause, name) if cause.code == "stale" else cause


def explain_torch_compiler(words: Words, _: Scene) -> Cause:
    """Explain an nvcc that torch does not find in CUDA_HOME."""
    name = words["name"]
    why = "CUDA_HOME names that folder; without it torch takes /usr/local/cuda if there is one"
    return Cause("nvcc-not-found", f"torch finds no nvcc at {name}.", why, Scene.named)


def explain_colon(words: Words, _: Scene) -> Cause:
    """Explain a CUDA_HOME that is written as PATH is."""
    what = f"CUDA_HOME is {words['name']}, which is not a folder."
    why = "it was set as PATH is, with a colon and what it was before; it has to name one folder"
    return Cause(
        "", what, why, say("export CUDA_HOME=/usr/local/cuda, or the folder that the toolkit is in, without a colon")
    )


def explain_launcher(_: Words, scene: Scene) -> Cause | None:
    """Explain an nvcc that sccache does not find."""
    return explain_tool({"name": "nvcc"}, scene) if scene.says("sccache nvcc ") else None


def explain_nvcc_link(_: Words, scene: Scene) -> Cause:
    """Explain an nvcc that does not find its own headers."""
    if scene.has("cudart"):
        return Cause("", "nvcc finds no toolkit of its own.", LINK, Scene.shims)
    what = "nvcc does not find cuda_runtime.h, which it includes in each .cu file."
    if scene.bare:
        why = f"{LINK}; or its toolkit lacks that header"
        return Cause("", what, why, _own_nvcc)
    scene.wanted |= {"cccl", "crt", "cudart", "nvvm"}
    return Cause("need", what, f"nvidia-cuda-runtime holds it, and {scene.build.lacking}", Scene.need)


def _own_nvcc(scene: Scene) -> str:
    own = "have the toolkit's own bin first on PATH"
    return f"{own}; where include/cuda_runtime.h is missing next to it: {scene.whole_toolkit()}"


def explain_permission(words: Words, scene: Scene) -> Cause | None:
    """Explain a tool that may not be run."""
    known = tools.find_tool(os.path.basename(words["name"]).removesuffix(".exe"))
    if known is None:
        return None
    why = "a copy or an archive has lost its executable bit, or the file system is mounted noexec"
    fix = scene.case.pip("--force-reinstall", "--no-deps", known.distribution)
    if scene.build.isolated:
        fix = "build again, with TMPDIR on a file system that runs programs: the environment is made again"
    return Cause("", f"{words['name']} may not be run.", why, say(fix))


def explain_shim(words: Words, scene: Scene) -> Cause | None:
    """Explain what our shim says before it exits with 127."""
    name, said = words["name"], words["found"]
    if said.split() == ["not", "installed", "in"]:
        return explain_tool({"name": name.removesuffix(".exe")}, scene)
    if "CUDA_SHIMS_TOOLKIT" in said:
        why = "the variable goes before everything"
        return Cause("", f"The shim {name} says: {said}.", why, lambda scene: scene.case.removal("CUDA_SHIMS_TOOLKIT"))
    what = f"The shim {name} says: {said}."
    fix = next((fix for part, fix in _SHIM_SAYS.items() if part in said), "do what it says")
    return Cause("", what, "it runs only the tool of its name", say(fix))


def explain_leftover(gone: Callable[[Words, Scene], Cause], words: Words, scene: Scene) -> Cause:
    """Explain a missing file that an earlier build has noted."""
    return _notice_new_environment(gone(words, scene), words["name"])


def _notice_new_environment(cause: Cause, name: str) -> Cause:
    site, _, rest = name.replace("\\", "/").partition("/cuda_shims_toolkit/")
    major = rest.partition("/")[0]
    if not (rest and os.path.isdir(os.path.join(site, "nvidia", major))):
        return cause
    # the doctor's own start may have made the root since; of an existing root, a file may be missing for good
    if os.path.lexists(os.path.join(site, "cuda_shims_toolkit", major)) and not os.path.exists(name):
        return cause
    return cause._replace(why=_ANEW, fix=say(_ANEW_FIX))


def explain_tool_path(words: Words, scene: Scene) -> Cause | None:
    """Explain a missing tool of the toolkit that is called by its path."""
    cause = explain_tool(words, scene)
    return _notice_new_environment(cause, words["name"]) if cause and cause.code == "stale" else cause


def explain_build_tool(words: Words, _: Scene) -> Cause | None:
    """Explain a ninja or cmake of an isolated build's environment, which a build folder has noted."""
    name = words["name"]
    if not ISOLATED.search(name):
        return None
    what = f"The build needs {name}, which does not exist."
    return Cause("", what, "it was configured in an isolated build, whose environment is gone", Scene.fresh, name)
