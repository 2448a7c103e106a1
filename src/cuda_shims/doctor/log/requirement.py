"""What the build of a package requires and does not get: a module that setup.py imports, a release of another pin."""

from __future__ import annotations

import re

from cuda_shims.catalog import tools
from cuda_shims.doctor.log import clue
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.requires import OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Words
    from cuda_shims.doctor.log.fix import Scene

_LINUX = re.compile(r"nvidia-(?:nccl|nvshmem|cufile)-cu\d\d|triton")
#: what uv says of the build of a package
_BUILT = r"The build backend returned an error"
#: what pip says of a setup.py that it runs in the environment itself
_LEGACY = r"python setup\.py egg_info|Preparing metadata \(setup\.py\)|setup\.py bdist_wheel"
_HOLDS = {"pkg_resources": "setuptools<81", "Cython": "cython", "skbuild": "scikit-build", "bs4": "beautifulsoup4"}


def explain_module(words: Words, scene: Scene) -> Cause | None:
    """Explain a module that setup.py imports, and that an isolated build does not have."""
    name = words["name"]
    if not scene.build.isolated and scene.says(_LEGACY):
        what = f"setup.py imports {name}, and the environment has no {name}."
        by = f"{scene.case.pip(_HOLDS.get(name, name))}; then install again, with --no-build-isolation"
        return Cause("module", what, "pip runs a setup.py of a package that has no wheel first", say(by), name)
    if not scene.build.isolated and not (name == "torch" and scene.says(_BUILT)):
        return None
    what = f"The build imports {name}, and its isolated environment has no {name}."
    why = "an isolated build has only what build-system.requires brings, whatever the environment around it has"
    package = _HOLDS.get(name, name)

    def fix(scene: Scene) -> str:
        own = f"{scene.install(package)}; a package of somebody else's: {package} installed, and --no-build-isolation"
        foreign = scene.build.sdist or scene.build.name != OWN
        return scene.install(package) if foreign else own

    return Cause("module", what, why, fix, name)


def explain_pin(words: Words, _: Scene) -> Cause | None:
    """Explain a torch that pins another release of the toolkit than the required one."""
    by, pinned = words["name"], words["found"].rstrip(".,")
    minor = ".".join(pinned.split(".")[:2])
    if not tools.is_compiled(pinned):
        return None
    what = f"{by} requires cuda-toolkit {pinned}, and something requires another release of it."
    why = "each torch pins the release of CUDA that it was built with"
    return Cause("", what, why, lambda scene: scene.release(minor))


def explain_conflict(words: Words, scene: Scene) -> Cause:
    """Explain two requirements of one package that no release of it fits."""
    what = f"No release is both {words['name']} and {words['found'].rstrip(',')}, and both are required."
    if not scene.says("extra-build-dependencies"):
        why = "two requirements of one environment name different releases"
        return Cause(
            "conflict",
            what,
            why,
            say("name a release that both take; where a package requires one, take another release of that"),
        )
    why = "one is in the build-system.requires of the package that uv builds, the other in extra-build-dependencies"
    fix = (
        "in extra-build-dependencies, name a release that the package takes; or install yours and everything else that "
        "its build needs, and add the package to no-build-isolation-package below [tool.uv], which reads no pins"
    )
    return Cause("conflict", what, why, say(fix))


def judge_twelve(base: str, name: str, scene: Scene) -> Cause:
    """Explain a distribution of CUDA 11 or 12 that pip or uv found nothing for."""
    what = f"There is no {name} where pip or uv looks."
    systems = "Linux alone" if _LINUX.match(base) else "Linux and Windows"
    fix = f"take a version that the index has (pip index versions {base})"
    if scene.says(clue.MACOS) or (scene.says(clue.WINDOWS) and systems == "Linux alone"):
        why = f"NVIDIA publishes it for {systems}, and the build ran elsewhere"
        return Cause(base, what, why, say("leave it out on this system: torch of this system's own index needs none"))
    why = "no such version, no wheel for this system or Python, or an index (a mirror, a lock file's) without it"
    return Cause(base, what, why, say(f"{fix}; NVIDIA publishes it for {systems}, and nothing for macOS"))
