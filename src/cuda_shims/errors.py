"""The errors that this package raises: each carries its fields and prints one sentence that says what to do."""

from __future__ import annotations

from typing import ClassVar

from cuda_shims.catalog.platforms import unserved
from cuda_shims.catalog.tools import toolkit_requirement


class CudaShimsError(Exception):
    """
    The base of every error that this package raises on purpose.

    ``str()`` of an instance is one sentence for a user: the problem and its fix.
    """

    #: the exit code of the command line: 1 for a refusal or a finding, 2 for wrong usage, 127 for a missing tool
    exit_code: ClassVar[int] = 1


class ToolkitNotFoundError(CudaShimsError):
    """There is no pip-installed CUDA toolkit in the place that was searched."""

    def __init__(self, where: str, wanted: str | None = None, install: str = "pip install") -> None:
        """
        Describe the failed search.

        :param where: the place that was searched, for a reader (an environment, a directory)
        :param wanted: the required major, if there is one
        :param install: the command that installs a requirement there

        """
        self.where = where
        self.wanted = wanted
        self.install = install
        super().__init__(where, wanted, install)

    def __str__(self) -> str:
        """One sentence."""
        major = f"CUDA {self.wanted}" if self.wanted else "CUDA"
        fix = unserved() or f'install one there: {self.install} "{toolkit_requirement(self.wanted)}"'
        return f"no pip-installed {major} toolkit in {self.where}; {fix}"


class ToolNotFoundError(CudaShimsError):
    """No installed wheel holds the tool."""

    exit_code = 127

    def __init__(self, tool: str, fix: str, where: str = "here") -> None:
        """
        Name the tool.

        :param tool: its name, e.g. ``cuobjdump``
        :param fix: the wheel that holds it and the line that installs that wheel, or that no wheel does
        :param where: the place that was searched, for a reader, e.g. ``in`` and an environment

        """
        self.tool = tool
        self.fix = fix
        self.where = where
        super().__init__(tool, fix, where)

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.tool} is not installed {self.where}: {unserved() or self.fix}"


class ConfigError(CudaShimsError):
    """A value in ``[tool.cuda-shims]`` or in a ``CUDA_SHIMS_*`` variable is not valid."""

    exit_code = 2

    def __init__(self, source: str, key: str, problem: str) -> None:
        """
        Describe the value.

        :param source: the file, or ``environment``
        :param key: the key or the variable
        :param problem: what is wrong and what would be right

        """
        self.source = source
        self.key = key
        self.problem = problem
        super().__init__(source, key, problem)

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.source}: {self.key}: {self.problem}"


class UnreadableConfigError(ConfigError):
    """A ``pyproject.toml`` that cannot be read at all."""


class NotTomlError(UnreadableConfigError):
    """A ``pyproject.toml`` that no front end can read either: it is not TOML, or not UTF-8."""


class BadEnvironmentError(CudaShimsError):
    """An interpreter or a directory cannot be used as an environment."""

    exit_code = 2

    def __init__(self, path: str, problem: str) -> None:
        """
        Describe the place.

        :param path: the interpreter or the directory
        :param problem: what is wrong with it and what would be right

        """
        self.path = path
        self.problem = problem
        super().__init__(path, problem)

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.path}: {self.problem}"


class _RefusedError(CudaShimsError):
    """The operating system refuses a necessary operation on a file or directory."""

    def __init__(self, path: str, reason: str) -> None:
        """
        Describe the refusal.

        :param path: the file or directory
        :param reason: what the operating system said

        """
        self.path = path
        self.reason = reason
        super().__init__(path, reason)


class NotWritableError(_RefusedError):
    """A file or a directory cannot be written; nothing is left half-written there."""

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"cannot write {self.path} ({self.reason}); nothing is half-written: "
            "free disk space or get write access, then run it again"
        )


class UninstalledError(NotWritableError):
    """Somebody uninstalled cuda-shims while it wrote; what it wrote is removed."""

    def __init__(self, path: str) -> None:
        """Name its site-packages directory."""
        super().__init__(path, "cuda-shims was uninstalled meanwhile")
        self.args = (path,)  # unpickling makes it again from these

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"cuda-shims was uninstalled from {self.path} while it wrote there, and its files are removed: "
            "install it again"
        )


class UnreadableLogError(_RefusedError):
    """The log of a build that cannot be read."""

    exit_code = 2

    def __str__(self) -> str:
        """One sentence."""
        other = "" if self.path == "standard input" else ", or - for standard input"
        return f"{self.path}: the log cannot be read ({self.reason}); name a file{other}"


class UnreadableMetadataError(_RefusedError):
    """The wheel or the metadata of a distribution that cannot be read."""

    exit_code = 2

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.path}: no metadata can be read ({self.reason}); name a wheel, a .dist-info folder or a METADATA"


class NoFitError(CudaShimsError):
    """No toolkit fits a distribution, or what it needs is not known."""

    def __init__(self, what: str, fix: str) -> None:
        """
        Say why.

        :param what: half a sentence
        :param fix: what to do

        """
        self.what = what
        self.fix = fix
        super().__init__(what, fix)

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.what}; {self.fix}"
