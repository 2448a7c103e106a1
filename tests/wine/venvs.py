"""Virtual environments of Windows' CPython with NVIDIA's wheels and ours, made by its own venv and pip."""

from __future__ import annotations

from pathlib import Path

from bed import windows

#: CPython, release of cuda-toolkit, what its nvcc says
PAIRS = [("3.11", "13.5.0", "13.5.37"), ("3.13", "13.4.3", "13.4.92")]
#: what is pinned, because nvidia-cuda-nvcc's own requirements have no versions
EXTRAS = "cccl,crt,cudart,nvcc,nvvm"
SHIPPED = ("nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++")


def pip(bed, python, *words, **variables):
    """Run Windows' pip."""
    return bed.run(python, "-m", "pip", *words, "--disable-pip-version-check", timeout=900, **variables)


def toolkit(release, *more):
    """Spell the requirement for a release of the toolkit."""
    return f"cuda-toolkit[{','.join([EXTRAS, *more])}]=={release}"


def make_venv(bed, folder, version, *requirements):
    """Make a virtual environment and return its scripts directory."""
    bed.run(bed.python(version), "-m", "venv", windows(folder))
    scripts = Path(folder) / "Scripts"
    if requirements:
        pip(bed, scripts / "python.exe", "install", "-q", *requirements)
    return scripts


def shared_venv(bed, wheel, version, release):
    """Return the scripts directory of a virtual environment that tests share and leave as it is."""

    def make(folder):
        return str(make_venv(bed, folder / "v", version, toolkit(release), windows(wheel)))

    return Path(bed.once(f"venv-{version}", make))
