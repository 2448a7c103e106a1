"""The CUDA builds of torch on the index, and what a toolkit beside one has to be."""

from __future__ import annotations

import re

#: the wheels whose release nvcc's own has to be: CCCL's headers and the runtime's are backwards compatible
COMPILER = ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt")
#: a CUDA build of torch each, one for each release of the toolkit that some torch pins
TORCH = {"2.11.0": "13.0.2", "2.12.1": "13.0.2", "2.13.0": "13.0.3.0", "2.14.1": "13.0.3.0", "2.15.0": "13.2.2"}


def check_compiler(found, minor):
    """All parts of the compiler, distribution to version, are of one release, and of this minor."""
    of_compiler = {name: found[name].split(".")[:3] for name in COMPILER}
    assert len({tuple(version) for version in of_compiler.values()}) == 1, of_compiler
    assert of_compiler["nvidia-nvvm"][:2] == minor.split(".")
    assert found["nvidia-cuda-runtime"].startswith(f"{minor}.")
    assert "nvidia-cuda-cccl" in found


def compile_requirements(world, file, *requirements, **environ):
    """Resolve requirements by uv; returns distribution to version."""
    file.write_text("\n".join(requirements))
    options = ["-q", "--no-header", "--no-annotate", "--python-version", "3.12"]
    said = world.run(world.uv, "pip", "compile", *options, file, env=world.environ(**environ))
    return dict(re.findall(r"^([\w-]+)==(\S+)", said, re.MULTILINE))
