"""Releases that are missing, or do not fit each other: of CUDA, its parts, torch, CMake, and requirements."""

from __future__ import annotations

import re

from cuda_shims.catalog import contents, tools
from cuda_shims.doctor.log import clue
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.log.history import NAMES
from cuda_shims.doctor.log.requirement import judge_twelve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Words

SYSTEMS = "NVIDIA's wheels are for Linux with glibc on x86_64 and aarch64, and for Windows"
_NO_12 = "NVIDIA publishes no nvcc before CUDA 13 as a wheel"
_COMPILED = " or ".join(str(each) for each in tools.COMPILED)
#: when pip and uv could not ask, what they did not find says nothing
_NO_NETWORK = (
    r"(?:NameResolution|NewConnection|ConnectTimeout|ReadTimeout|Proxy|SSL|MaxRetry)Error|Temporary failure in name"
    r"|[Nn]etwork is unreachable|network was disabled|dns error|error sending request|client error \(Connect\)"
)


def explain_ptx(words: Words, scene: Scene) -> Cause:
    """Explain PTX that is too new for ptxas."""
    new, old = (
        each.replace("9.", "13.", 1) if each.startswith("9.") else "" for each in (words["name"], words["found"])
    )
    parts = f" (CUDA {new} and {old})" if new and old else ""
    if parts and not scene.bare:
        what = (
            f"cicc wrote PTX {words['name']}, and this ptxas reads {words['found']}: they are of two releases{parts}."
        )
        why = "nvidia-cuda-nvcc was pinned, and nvidia-nvvm and nvidia-cuda-crt, which it requires, were not"
        return Cause("", what, why, Scene.whole)
    what = f"This ptxas reads PTX {words['found']}, and was given PTX {words['name']}, of a newer release of CUDA."
    why = "what wrote it (nvcc, NVRTC, Triton) and the ptxas that is found first are of two releases"
    return Cause("", what, why, say("have one toolkit on PATH and in CUDA_HOME, as new as what writes the PTX"))


def explain_newer_object(words: Words, _: Scene) -> Cause:
    """Explain an object, or a library of a toolkit, that is newer than the nvlink which links it."""
    name = words["name"]
    if "cudadevrt" in name:
        what = "The linker takes the libcudadevrt.a of a newer CUDA than the nvcc that links."
        why = f"a folder of another toolkit is first among those that are searched: {name}"
        fix = "have one toolkit on PATH and in CUDA_HOME, and no -L (LIBRARY_PATH, conda's lib) of another"
        return Cause("two-toolkits", what, why, say(fix))
    what = f"The object {name} was compiled by a newer nvcc than the one that links it."
    return Cause("", what, "an earlier build with another toolkit has left it", Scene.fresh)


def explain_toolkit_version(words: Words, scene: Scene) -> Cause:
    """Explain a find_package(CUDAToolkit) that requires another version."""
    wanted, found = words["name"], words["found"]
    what = f"The project requires CUDA {wanted}, and CMake finds {found}."
    if not tools.is_compiled(wanted):
        fix = f"require less in find_package(CUDAToolkit), or name a toolkit of CUDA {wanted} in CUDA_HOME"
        return Cause("", what, f"the wheels that hold nvcc are of CUDA {_COMPILED}; {_NO_12}", say(fix))
    why = "CMake takes the toolkit of another release" if scene.bare else "cuda-toolkit is required at another release"
    return Cause("", what, why, lambda scene: scene.release(wanted))


def explain_torch_version(words: Words, scene: Scene) -> Cause:
    """Explain a toolkit of another major than torch's."""
    found = words.get("found2") or words.get("found") or scene.toolkit_release
    wanted = words.get("name2") or words["name"]
    other = f"CUDA {found}" if found else "another release"
    what = f"This torch was built for CUDA {wanted}, and the toolkit is of {other}."
    why = "extensions of torch are compiled with the CUDA that torch has"
    if tools.is_compiled(wanted):
        unset = "" if tools.is_compiled(found) else "unset CUDA_HOME and CUDA_PATH, which name the other toolkit; "
        return Cause("", what, why, lambda scene: unset + scene.release(wanted))
    fix = (
        f"take a torch that was built for CUDA {_COMPILED} (its version ends in +cu{tools.NEWEST}0 or so), "
        f"in build-system.requires too; or name a toolkit of CUDA {wanted} in CUDA_HOME: {_NO_12}"
    )
    return Cause("", what, why, say(fix))


def explain_torch_cpu(_: Words, scene: Scene) -> Cause | None:
    """Explain a torch that has no CUDA, and a build that reads which it has."""
    if not scene.says(r"TypeError: expected string|'NoneType' object has no attribute 'split'"):
        return None
    what, why = "This torch was built only for CPUs.", "it has no torch.version.cuda, which the build reads"
    fix = (
        f"take a torch that was built for CUDA (its version ends in +cu{tools.NEWEST}0 or so), in an isolated build too"
    )
    return Cause("", what, why, say(fix))


def explain_least_release(words: Words, scene: Scene) -> Cause | None:
    """Explain a package that requires a newer CUDA than ran."""
    wanted = words["name"]
    who = words.get("who") or "The project"
    ran = words.get("found") or scene.toolkit_release
    found = f", and the nvcc that ran is of CUDA {ran}" if ran else ""
    return Cause(
        "",
        f"{who} requires CUDA {wanted} or later{found}.",
        "its sources use what came with that release",
        lambda scene: f"take {scene.newer(wanted)}",
    )


def explain_newer_name(words: Words, scene: Scene) -> Cause | None:
    """Explain a function or a constant that this CUDA does not have yet."""
    name = words["name"]
    since = next((since for pattern, since in NAMES.items() if re.fullmatch(pattern, name)), "")
    ran = scene.toolkit_release
    if not since or (ran and clue.version(ran) >= clue.version(since)):
        return None
    found = f", and this is CUDA {ran}" if ran else ""
    what = f"This CUDA has no {name}."
    why = f"CUDA {since} was the first that has it{found}"
    return Cause(f"names of {since}", what, why, lambda scene: f"take {scene.newer(since)}", name)


def explain_cmake_version(words: Words, _: Scene) -> Cause:
    """Explain a CMake that is too old."""
    wanted = f"cmake>={words['name']}"
    what = f"The project requires CMake {words['name']}, and {words['found']} runs."
    return Cause("", what, "pip has newer ones than most systems", lambda scene: scene.install(wanted))


def explain_requirement(words: Words, scene: Scene) -> Cause | None:
    """Explain a requirement that pip or uv found nothing for."""
    if scene.says(_NO_NETWORK):
        return None
    name = words["name"].partition("{")[0].rstrip(".,;:")  # uv puts a marker behind it
    base = re.split(r"[^\w-]", name, maxsplit=1)[0]
    what = f"There is no {name} where pip or uv looks."
    if re.search(r"-cu1[12]$", base):
        return judge_twelve(base, name, scene)
    if base.endswith("-cu13") and base[: -len("-cu13")] in {each.distribution for each in tools.COMPONENTS}:
        return explain_rename({"name": base}, scene)
    known = contents.releases()[1:]
    why = f"no such version, no wheel for this system, or an index without it; known: CUDA {known[0]} to {known[-1]}"
    return Cause(base, what, why, lambda scene: f"{scene.any_release(base)}; {SYSTEMS}")


def explain_conda_name(words: Words, scene: Scene) -> Cause:
    """Explain a package of conda that pip does not find."""
    name = words["name"]
    by_pip = scene.case.pip("nvidia-cudnn-cu13" if name == "cudnn" else tools.BUNDLE)
    what = f"PyPI has no {name}: that is the name of a package of conda."
    fix = f"conda install {name}; or by pip: {by_pip}"
    return Cause("", what, "pip and conda have packages of their own", say(fix))


def explain_extra(words: Words, _: Scene) -> Cause:
    """Explain an extra that cuda-toolkit does not have."""
    name, found = words["name"], words["found"]
    what = f"cuda-toolkit {found} has no extra {name}."
    extras = sorted(each.extra for each in tools.COMPONENTS)
    if name in extras:
        return Cause(name, what, "later releases have it", say('take "cuda-toolkit==13.2.*" or later'))
    return Cause(name, what, "so that nothing was installed for it", say(f"its extras are: {', '.join(extras)}"))


def explain_rename(words: Words, scene: Scene) -> Cause:
    """Explain a distribution whose name CUDA 13 has dropped."""
    old = words["name"]
    name = re.sub(r"-cu\d+$", "", old)
    component = next((each for each in tools.COMPONENTS if each.distribution == name), None)
    fix = f'require "{scene.case.requirement([component.extra])}"' if component else f"require {name}"
    why = "from CUDA 13 on the names have no -cu13 at their end; those that have are empty"
    return Cause(old, f"{old} holds nothing.", why, say(f"{fix} in its place"))
