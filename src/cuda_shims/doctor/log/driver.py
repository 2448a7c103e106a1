"""NVIDIA's driver where something runs: it is too old, or there is none."""

from __future__ import annotations

from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import FAILED
from cuda_shims.doctor.log.history import DRIVERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Explain, Words
    from cuda_shims.doctor.log.fix import Scene

_NEEDS = ", ".join(f"CUDA {major} needs driver {least}" for major, least in DRIVERS.items())


def explain_old(words: Words, _: Scene) -> Cause:
    """Explain a driver that is older than the CUDA of the program: where there is none, the runtime says so too."""
    found = words.get("found", "")
    if found.isdigit():  # 12040 is CUDA 12.4
        found = f"{int(found) // 1000}.{int(found) % 1000 // 10}"
    asked = f"CUDA {words['name']} or later is required" if words.get("name") else ""
    has = f"NVIDIA's driver supports CUDA {found}" if found else "NVIDIA's driver is missing, or older"
    what = f"{asked}, and {has}." if asked else f"{has}{', older' if found else ''} than the CUDA of the program."
    why = f"{_NEEDS}, or later; a container uses the driver of its host, and sees none without --gpus all"
    build = f"a build for CUDA {found} or earlier" if found else "a build for an older CUDA"
    fix = f"update the driver (of the host, with its packages or NVIDIA's installer), or install {build}"
    return Cause("driver", what, why, say(fix))


def explain_unused(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a GPU that a program does without, where nothing else failed."""
    return None if scene.says(FAILED) else said(words, scene)
