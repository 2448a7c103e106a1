"""An architecture that a compiler does not take, and which releases of CUDA have it."""

from __future__ import annotations

import re

from cuda_shims.catalog import contents
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import version
from cuda_shims.doctor.log.history import ARCHITECTURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Fix, Words
    from cuda_shims.doctor.log.fix import Scene

#: the first release of CUDA whose wheels have an nvcc
_OURS = "13.0"
#: words that CMake takes for an architecture, and since when; before, it hands them to nvcc
_WORDS = {"native": "3.24", "all": "3.23"}
#: those that nvcc takes, and since which release of CUDA
_NVCCS = {"native": "11.6", "all": "11.5", "all-major": "11.5"}
_SETTINGS = (
    "set CMAKE_CUDA_ARCHITECTURES (CUDAARCHS), TORCH_CUDA_ARCH_LIST or -arch, or what the project's own files name, "
    "to some of"
)


def explain_architecture(words: Words, scene: Scene) -> Cause | None:
    """Explain an architecture that a compiler does not know."""
    name = " ".join(words["name"].split())
    if name.endswith("+PTX"):
        what = f"nvcc does not know the architecture {name}."
        why = "+PTX is a word of torch's list and of FindCUDA's, which make two options of it"
        number = name.partition("+")[0].rpartition("_")[2].replace(".", "")
        fix = f"for nvcc itself -gencode arch=compute_{number},code=[sm_{number},compute_{number}], for CMake {number}"
        return Cause("architecture", what, why, say(fix), name)
    if "." in name:
        what = f"nvcc is told to compile for {name}, which is not an architecture."
        number = name.replace(".", "")
        return Cause("architecture", what, "its number has no dot", say(f"{number} in its place"), name)
    if name in _NVCCS:
        since = _NVCCS[name]
        what = f"nvcc does not know -arch={name}."
        why = f"CUDA {since} was the first that has it, and the nvcc that ran is older"
        fix = "name the architecture by its number instead: -arch=sm_86, say"
        return Cause("architecture", what, why, lambda scene: f"{fix}; or take {scene.newer(since)}", name)
    word = re.search(r"(?:compute|sm)_(native|all)", name)
    if word:
        what = f"nvcc is told to compile for {name}, a word that only CMake knows."
        since = _WORDS[word[1]]
        fix = f'name architectures by their numbers, or take CMake {since} or later: pip install "cmake>={since}"'
        return Cause("architecture", what, f"CMake before {since} hands it to nvcc", say(fix), name)
    ran = scene.toolkit_release or (_OURS if scene.has("nvcc") else "")
    by = words.get("by") or "compiler"
    asked = re.findall(r"\d{1,4}[af]?", name)
    refused = next((each for each in asked if not _has(ran, each)), max(asked, default="0"))
    what = f"The {by if by == 'compiler' else by + ' that ran'} does not know the architecture {name}."
    return Cause("architecture", what, *_judge(refused, ran, by, scene), name)


def _find(asked: str) -> tuple[str, str]:
    """Give the first and the last release that compile for an architecture, with the ``a`` or ``f`` at its end."""
    since, until = ARCHITECTURES.get(int(asked.rstrip("af")), ("", ""))
    if since and asked.endswith("f"):
        since = max(since, "12.9", key=version)
    return ("12.0" if asked == "90a" else since), until


def _has(ran: str, asked: str) -> bool:
    since, until = _find(asked)
    if not ran or not since:
        return bool(since) and not until
    return version(since) <= version(ran) and not (until and version(ran) > version(until))


def _judge(asked: str, ran: str, by: str, scene: Scene) -> tuple[str, Fix]:
    number = int(asked.rstrip("af"))
    since, until = _find(asked)
    others = f"{_SETTINGS}: {_list(number, ran, scene)}"
    if by == "ptxas" and until:
        others = f"have a ptxas of CUDA {until} first on PATH, or {others}"
    if not since:
        return f"no release up to CUDA {contents.releases()[-1]} has it", say(others)
    if number == 101 and (not ran or version(ran) >= version(_OURS)):  # noqa: PLR2004
        return "it is called 110 from CUDA 13.0 on", say(others)
    if until and ran and version(ran) > version(until):
        return f"CUDA {until} was the last that compiles for it, and what ran is newer", say(others)
    if until and not (ran and version(ran) < version(since)):
        why = f"CUDA {since} to {until} compile for it, and what ran is of another release"
        return why, say(f"{others}; an nvcc before CUDA {since} (nvcc --version): take CUDA {since} to {until}")
    why = f"CUDA {since} was the first that compiles for it, and what ran is older"
    if by == "ptxas" and scene.says("(?i:triton)"):
        why = f"Triton has its own ptxas, and CUDA {since} was the first that compiles for it"
        name = "export TRITON_PTXAS_PATH=DIR/bin/ptxas"
        return why, lambda scene: f"take a newer Triton (torch), or name another ptxas: {name}, of {scene.newer(since)}"
    return why, lambda scene: f"take {scene.newer(since)}; or {others}"


def _list(number: int, ran: str, scene: Scene) -> str:
    if ran and version(ran) < version(_OURS):
        known = [each for each in ARCHITECTURES if _has(ran, str(each))]
    elif (
        number in ARCHITECTURES and not ARCHITECTURES[number][1] and version(ARCHITECTURES[number][0]) < version(_OURS)
    ):
        # refused by an nvcc that is older than the first which has it
        before = version(ARCHITECTURES[number][0])
        known = [
            each for each, (since, until) in ARCHITECTURES.items() if version(since) < before <= version(until or "99")
        ]
    elif number in ARCHITECTURES and ARCHITECTURES[number][1] and not ran:
        # refused by one that is, most likely, newer than the last which has it
        last = version(ARCHITECTURES[number][1])
        later = {
            each: until
            for each, (since, until) in ARCHITECTURES.items()
            if version(since) <= last < version(until or "99")
        }
        lasting = [each for each, until in later.items() if not until]
        known = lasting if len(lasting) > 1 else list(later)
    else:
        return scene.architectures()
    return ", ".join(map(str, sorted(known)))
