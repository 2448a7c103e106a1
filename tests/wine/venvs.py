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
    """Run Windows' pip for an interpreter; by that of CPython 3.11, because a pip in each environment costs 15 s."""
    place = windows(python) if isinstance(python, Path) else python
    words = ["-m", "pip", "--python", place, *words, "--disable-pip-version-check"]
    return bed.run(bed.python(), *words, timeout=900, compiles=True, **variables)


def toolkit(release, *more):
    """Spell the requirement for a release of the toolkit."""
    return f"cuda-toolkit[{','.join([EXTRAS, *more])}]=={release}"


def make_venv(bed, folder, version, *requirements):
    """Make a virtual environment without pip and return its scripts directory."""
    place = windows(folder) if isinstance(folder, Path) else folder
    bed.run(bed.python(version), "-m", "venv", "--without-pip", place)
    if requirements:
        pip(bed, rf"{place}\Scripts\python.exe", "install", "-q", *requirements)
    return folder / "Scripts" if isinstance(folder, Path) else rf"{folder}\Scripts"


def install_nvcc(bed, python, version, wheel, *options):
    """Install nvcc alone, and ours: CCCL has thousands of files, and takes wine half a minute."""
    pip(bed, python, "install", "-q", "--no-deps", f"nvidia-cuda-nvcc=={version}", *options)
    pip(bed, python, "install", "-q", windows(wheel), *options)


def shared_venv(bed, wheel, version, release):
    """Return the scripts directory of a virtual environment, with its own pip, that tests share and leave as it is."""

    def make(folder):
        # a second try would find the first one's python.exe in use
        bed.run(bed.python(version), "-m", "venv", windows(folder / "v"), timeout=600)
        scripts = folder / "v/Scripts"
        requirements = (toolkit(release), windows(wheel))
        bed.run(scripts / "python.exe", "-m", "pip", "install", "-q", *requirements, timeout=900)
        return str(scripts)

    return Path(bed.once(f"venv-{version}", make))
