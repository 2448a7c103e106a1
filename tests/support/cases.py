"""
The table of the selection (contract 4.0): its rows, for every party that implements it.

:mod:`_cuda_shims.selection` answers each of them, and so do the hook, the commands, the API, the doctor, and the shims
of both systems, except what a project says: only the hook tells a shim that.
"""

from __future__ import annotations

from typing import NamedTuple

from fake_toolkit import COMPILER, SPLIT, Prefix, write_distribution

#: what is installed in the environment's own directory, and in another one nearer or farther on the search path:
#: versions and their components. An installer replaces one major by the other, but people merge directories
_13, _14, _12 = ("13.5.37", COMPILER), ("14.0.7", COMPILER), ("12.9.79", SPLIT)
_LIBRARIES = ("13.5.37", ("nvidia-cuda-runtime",))
WHEELS = {
    "none": {"own": []},
    "13": {"own": [_13]},
    "13 and 14": {"own": [_13, _14]},
    "13, and 14 farther": {"own": [_13], "farther": [_14]},
    "14, and 13 farther": {"own": [_14], "farther": [_13]},
    "13, and libraries of 13 nearer": {"own": [_13], "nearer": [_LIBRARIES]},
    "13 without nvcc": {"own": [_LIBRARIES]},
    "12": {"own": [_12]},
    "12, asked for": {"own": [_12, ("12.9.79", ("cuda-toolkit",))]},
    "13, and 12 asked for": {"own": [_13, _12, ("12.9.79", ("cuda-toolkit",))]},
}
#: those that are in one directory
ALONE = tuple(wheels for wheels, folders in WHEELS.items() if set(folders) == {"own"})
#: the answers that are a folder of the user's
FOLDERS = ("cuda", "my cuda")


class Row(NamedTuple):
    """What is asked, and the answer."""

    #: {cuda} and {my cuda} are toolkits of the user's, {none} does not exist, {cu13} and {cu14} are the roots of the
    #: wheels, {bin} is a folder of programs, and {nvcc} the compiler's name there
    variables: dict[str, str]
    #: a major, whose root that is; one of :data:`FOLDERS`; ``refused``, or ``nothing``
    answer: str
    #: of :data:`WHEELS`
    wheels: str = "13"
    #: what the project has in ``[tool.cuda-shims]``
    project: str = ""
    #: what a refusal names; or the major whose root a command gives that is asked for it, where no build is given one
    more: str = ""

    def __str__(self) -> str:
        """Name the row."""
        words = [self.wheels, *(f"{name}={value}" for name, value in self.variables.items()), self.project]
        return "; ".join(filter(None, words)).replace("\n", ", ")

    def environ(self, places: dict[str, str]) -> dict[str, str]:
        """Put the paths of a system into its variables."""
        return {name: value.format_map(places) for name, value in self.variables.items()}

    @property
    def prefer(self) -> str:
        """What its variables say of whose toolkit wins."""
        value = self.variables.get("CUDA_SHIMS_PREFER", "user")
        return value if value in {"user", "wheels"} else "user"


def lay_out(toolkits: list[tuple[str, tuple[str, ...]]], prefix: Prefix) -> None:
    """Install by hand what :data:`WHEELS` has for a directory."""
    for version, components in toolkits:
        if components == ("cuda-toolkit",):
            write_distribution(prefix.site, "cuda-toolkit", version, {})
        elif version.startswith("12."):
            prefix.split(version, components)
        else:
            prefix.toolkit(version, components)


_TOOLKIT = "CUDA_SHIMS_TOOLKIT"
_WHEELS = {"CUDA_SHIMS_PREFER": "wheels"}
CASES = [
    # what is installed decides
    Row({}, "nothing", "none"),
    Row({}, "13"),
    Row({}, "14", "13 and 14"),
    Row({}, "13", "13, and 14 farther"),
    Row({}, "14", "14, and 13 farther"),
    Row({}, "13", "13, and libraries of 13 nearer"),
    Row({}, "nothing", "13 without nvcc", more="13"),
    Row({}, "nothing", "12", more="12"),
    Row({}, "12", "12, asked for"),
    Row({}, "13", "13, and 12 asked for"),
    # CUDA_SHIMS_TOOLKIT decides
    Row({_TOOLKIT: ""}, "13"),
    Row({_TOOLKIT: "13"}, "13"),
    Row({_TOOLKIT: "13"}, "13", "13 and 14"),
    Row({_TOOLKIT: "14"}, "14", "13 and 14"),
    Row({_TOOLKIT: "14"}, "14", "13, and 14 farther"),
    Row({_TOOLKIT: "12"}, "12", "12"),
    Row({_TOOLKIT: "12"}, "12", "13, and 12 asked for"),
    Row({_TOOLKIT: "{cuda}"}, "cuda"),
    Row({_TOOLKIT: "{my cuda}"}, "my cuda"),
    Row({_TOOLKIT: "{cuda}"}, "cuda", "none"),
    Row({_TOOLKIT: "{cu13}"}, "13"),
    Row({_TOOLKIT: "{none}"}, "refused", more="{none}"),
    Row({_TOOLKIT: "14"}, "refused", more="14"),
    Row({_TOOLKIT: "12"}, "refused", more="12"),
    Row({_TOOLKIT: "13"}, "refused", "none", more="13"),
    Row({_TOOLKIT: "13"}, "refused", "13 without nvcc", more="13"),
    Row({_TOOLKIT: "130"}, "refused", more="130"),
    Row({_TOOLKIT: "3"}, "refused", more="3"),
    Row({_TOOLKIT: "newest"}, "refused", more="newest"),
    Row({_TOOLKIT: "13.5"}, "refused", more="13.5"),
    Row({_TOOLKIT: "013"}, "refused", more="013"),
    Row({_TOOLKIT: "0"}, "refused", more="0"),
    Row({_TOOLKIT: "1234"}, "refused", more="1234"),
    Row({_TOOLKIT: "cuda"}, "refused", more="cuda"),
    Row({_TOOLKIT: "13", "CUDA_HOME": "{cuda}"}, "13"),
    Row({_TOOLKIT: "{my cuda}", "CUDA_HOME": "{cuda}"}, "my cuda"),
    Row({_TOOLKIT: "{cuda}", **_WHEELS}, "cuda"),
    Row({_TOOLKIT: "14", "CUDA_HOME": "{cuda}"}, "refused", more="14"),
    # the user's own variables decide
    Row({"CUDA_HOME": "{cuda}"}, "cuda"),
    Row({"CUDA_HOME": "{cuda}"}, "cuda", "none"),
    Row({"CUDA_HOME": "{cuda}"}, "cuda", "12, asked for"),
    Row({"CUDA_HOME": "{cuda}"}, "cuda", "13 without nvcc"),
    Row({"CUDA_PATH": "{cuda}"}, "cuda"),
    Row({"CUDAToolkit_ROOT": "{cuda}"}, "cuda"),
    Row({"CUDACXX": "{cuda}/bin/{nvcc}"}, "cuda"),
    Row({"NVCC": "{cuda}/bin/{nvcc}"}, "cuda"),
    Row({"CUDA_HOME": "", "NVCC": "{cuda}/bin/{nvcc}"}, "cuda"),
    Row({"CUDA_HOME": "{my cuda}"}, "my cuda"),
    Row({"CUDACXX": "{my cuda}/bin/{nvcc}"}, "my cuda"),
    Row({"CUDA_HOME": "{cuda}", "CUDA_PATH": "{my cuda}"}, "cuda"),
    Row({"CUDACXX": "{my cuda}/bin/{nvcc}", "CUDA_PATH": "{cuda}"}, "cuda"),
    Row({"NVCC": "ccache {cuda}/bin/{nvcc}"}, "cuda"),
    Row({"NVCC": "{bin}/ccache {cuda}/bin/{nvcc}"}, "cuda"),
    Row({"NVCC": "{cuda}/bin/{nvcc} -ccbin {bin}/g++-12"}, "cuda"),
    Row({"NVCC": "nice {bin}/ccache {cuda}/bin/{nvcc} -ccbin g++"}, "cuda"),
    Row({"CUDACXX": "{bin}/clang++", "NVCC": "{cuda}/bin/{nvcc}"}, "cuda"),
    Row({"CUDACXX": "nvcc"}, "13"),
    Row({"CUDACXX": "ccache nvcc"}, "13"),
    Row({"CUDACXX": "{bin}/clang++"}, "13"),
    Row({"CUDACXX": "{bin}/ccache {bin}/clang++"}, "13"),
    Row({"CUDACXX": "{cuda}"}, "13"),
    Row({"CUDACXX": "*"}, "13"),
    # a wrapper of that name, and what is missing, have no toolkit around them
    Row({"CUDACXX": "{cuda}/{nvcc}"}, "13"),
    Row({"CUDACXX": "{none}/{nvcc}"}, "13"),
    Row({"CUDACXX": "{none}/{nvcc}", "NVCC": "{cuda}/bin/{nvcc}"}, "cuda"),
    Row({"CUDA_HOME": "{cu13}", "NVCC": "{cu13}/bin/{nvcc}"}, "13"),
    Row({"CUDA_HOME": "{cu13}"}, "14", "13 and 14"),
    Row({"CUDA_HOME": "{cu13}", "CUDA_PATH": "{cuda}"}, "cuda"),
    Row({"CUDA_HOME": "{cuda}", "CUDA_SHIMS_ROOT": "{cuda}"}, "13"),
    Row({"CUDACXX": "{cuda}/bin/{nvcc}", "CUDA_SHIMS_ROOT": "{cuda}"}, "13"),
    # unless they name no folder: that of a toolkit that is gone, or another one in each directory
    Row({"CUDA_HOME": "{none}"}, "13"),
    Row({"CUDA_HOME": "{none}", "CUDACXX": "{none}/bin/{nvcc}"}, "13"),
    Row({"CUDA_HOME": "{none}"}, "nothing", "none"),
    Row({"CUDA_HOME": "{none}", "CUDA_PATH": "{cuda}"}, "cuda"),
    Row({"CUDA_HOME": "cuda"}, "13"),
    Row({"CUDA_HOME": "."}, "13"),
    # the wheels are preferred
    Row({"CUDA_HOME": "{cuda}", **_WHEELS}, "13"),
    Row({"CUDA_HOME": "{cuda}", **_WHEELS}, "14", "13 and 14"),
    Row({"NVCC": "{cuda}/bin/{nvcc}", **_WHEELS}, "13"),
    Row({"CUDA_HOME": "{none}", **_WHEELS}, "13"),
    # the project decides
    Row({}, "13", "13 and 14", project="toolkit = 13"),
    Row({}, "14", "13 and 14", project="toolkit = '14'"),
    Row({}, "14", "13, and 14 farther", project="toolkit = 14"),
    Row({}, "12", "13, and 12 asked for", project="toolkit = 12"),
    Row({}, "12", "12", project="toolkit = 12"),
    Row({}, "refused", project="toolkit = 14", more="14"),
    Row({_TOOLKIT: "14"}, "14", "13 and 14", project="toolkit = 13"),
    Row({_TOOLKIT: "{cuda}"}, "cuda", project="toolkit = 14"),
    Row({"CUDA_HOME": "{cuda}"}, "cuda", "13 and 14", project="toolkit = 13"),
    Row({"CUDA_HOME": "{cuda}"}, "cuda", project="toolkit = 14"),
    Row({"CUDA_HOME": "{cuda}", **_WHEELS}, "13", "13 and 14", project="toolkit = 13"),
    Row({"CUDA_HOME": "{cuda}"}, "13", project="prefer = 'wheels'"),
    Row({"CUDA_HOME": "{cuda}"}, "13", "13 and 14", project="prefer = 'wheels'\ntoolkit = 13"),
    Row({"CUDA_HOME": "{cuda}", "CUDA_SHIMS_PREFER": "user"}, "cuda", project="prefer = 'wheels'"),
    Row({"CUDA_HOME": "{cuda}", **_WHEELS}, "refused", project="toolkit = 14", more="14"),
]
