"""The value of CUDA_HOME, and the other variables; makes the root if it is missing."""

from __future__ import annotations

import os

from _cuda_shims.shims import compiles
from _cuda_shims.variables import for_root
from cuda_shims.environment.environment import current_environment
from cuda_shims.errors import NotWritableError
from cuda_shims.installation.refresh import make_root
from cuda_shims.selection import Scope, selected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cuda_shims.environment.toolkit import Toolkit


def home_of(scope: Scope, remark: Callable[[str], None]) -> str:
    """
    Find the value of CUDA_HOME; make the root if it is missing.

    :param scope: what the selection is made for
    :param remark: receives a sentence for the user when the wheels' own folder must be used
    :returns: the path of a root, of a toolkit that a person named, or of the wheels' own folder
    :raises ConfigError: when a setting that chooses the toolkit cannot be used
    :raises ToolkitNotFoundError: when no toolkit is installed, or not the chosen one
    :raises NotWritableError: when no root can be made, and the wheels' own folder cannot replace it (CUDA 12)

    """
    found = selected(scope)
    if found.home:
        return found.home
    toolkit = found.toolkits[0]
    try:
        return make_root(toolkit.place)
    except NotWritableError as error:
        if not toolkit.place.has_compiler:
            raise
        remark(f"cuda-shims: {error}; continuing with the wheels' own folder")
        return toolkit.path


def variables(toolkit: Toolkit | None = None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Compute the environment variables that make build systems find a toolkit.

    :param toolkit: the toolkit; by default the one that a build started here would use
    :param environ: the variables to start from: the toolkit comes first on its PATH; by default ``os.environ``
    :returns: the names and values, PATH included
    :raises ConfigError: when a setting that chooses the toolkit cannot be used
    :raises ToolkitNotFoundError: when no toolkit is installed, or not the chosen one
    :raises NotWritableError: when a root is missing and cannot be created anywhere

    """
    environ = os.environ if environ is None else environ
    if toolkit is None:
        home = home_of(Scope(os.getcwd(), environ, current_environment()), lambda _: None)
    else:
        home = make_root(toolkit.place)
    changes = for_root(environ, home, compiler=compiles(home))
    return {name: value for name, value in changes.items() if value is not None}
