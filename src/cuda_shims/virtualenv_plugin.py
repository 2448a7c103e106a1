"""
``virtualenv --cuda-shims``: environments that have cuda-shims from the start.

virtualenv knows four kinds of plugins. It calls only the creator, seeder and discovery that the user has chosen.
There can be many activators; they are called last, when everything else exists, and each may have options. But
``--activators bash`` selects only that one. So the plugin is an activator that stays out of that choice: when
virtualenv first asks what it supports, it adds itself to what makes the activators (``ActivationSelector``), for
every choice. If a virtualenv differs there from what we know, the plugin is an activator like others, which
``--activators`` may leave out. Rejected: a seeder or creator that wraps the chosen one, which ``--seeder`` and
``--creator`` would replace.

virtualenv loads this module whenever it runs. So it imports none of our modules before the option is given, and none
of virtualenv's, so that a virtualenv that is too old for us still works.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from cuda_shims.environment.environment import Environment
    from cuda_shims.files.entry import Entry

_LOGGER = logging.getLogger(__name__)
_INSTALLER = "virtualenv"
_OLDEST, _HAS_TOMLLIB = (3, 9), (3, 11)
_WINDOWS = os.name == "nt"
_joined: set[Any] = set()


class CudaShims:
    """The activator, for virtualenv; it puts a copy of this cuda-shims into the environment."""

    def __init__(self, options: Any, interpreter: Any = None) -> None:
        """Read the options, and refuse the impossible before anything is made."""
        self._wanted = bool(options.cuda_shims)
        if self._wanted:
            with _for_tox():
                source_for(interpreter)

    @classmethod
    def supports(cls, interpreter: Any) -> bool:  # noqa: ARG003 # virtualenv's interface
        """Say whether ``--activators`` names this."""
        return not _join(getattr(sys.modules.get("virtualenv.run.plugin.activators"), "ActivationSelector", None))

    @classmethod
    def add_parser_arguments(cls, parser: Any, interpreter: Any) -> None:  # noqa: ARG003 # virtualenv's interface
        """Add the option; virtualenv also reads it from ``VIRTUALENV_CUDA_SHIMS`` and ``virtualenv.ini``."""
        text = "install cuda-shims, so that every build system finds the CUDA toolkit that you install later"
        parser.add_argument("--cuda-shims", dest="cuda_shims", action="store_true", default=False, help=text)

    def generate(self, creator: Any) -> list[str]:
        """Install cuda-shims, if requested."""
        if not self._wanted:
            return []
        with _for_tox():
            source = source_for(creator.interpreter)
            version = tuple(creator.interpreter.version_info[:2])
            return install(source, str(creator.purelib), str(creator.script_dir), str(creator.exe), version)


@contextlib.contextmanager
def _for_tox() -> Iterator[None]:
    from cuda_shims.errors import CudaShimsError  # noqa: PLC0415

    try:
        yield
    except CudaShimsError as error:
        fail = getattr(sys.modules.get("tox.tox_env.errors"), "Fail", None)
        if fail is None:
            raise
        raise fail(f"cuda-shims: {error}") from error


def _join(selector: Any) -> bool:
    # whether the option exists, and works, whichever activators are chosen
    if selector in _joined:
        return True
    handle, create = (getattr(selector, name, None) for name in ("handle_selected_arg_parse", "create"))
    if handle is None or create is None:
        return False

    def handle_selected_arg_parse(self: Any, options: Any) -> Any:
        given = handle(self, options)
        CudaShims.add_parser_arguments(self.parser, self.interpreter)
        return given

    def create_all(self: Any, options: Any) -> list[Any]:
        made = list(create(self, options))
        if options.cuda_shims:
            made.append(CudaShims(options, self.interpreter))
        return made

    selector.handle_selected_arg_parse, selector.create = handle_selected_arg_parse, create_all
    _joined.add(selector)
    return True


def source_for(interpreter: Any) -> str:
    """Find the distribution to copy, for an interpreter that can have it."""
    from cuda_shims.errors import BadEnvironmentError  # noqa: PLC0415
    from cuda_shims.installation.copy import own_distribution  # noqa: PLC0415

    if interpreter and tuple(interpreter.version_info[:2]) < _OLDEST:
        version = ".".join(map(str, interpreter.version_info[:2]))
        raise BadEnvironmentError(interpreter.executable, f"this is Python {version}; cuda-shims needs 3.9 or later")
    return own_distribution()


def install(source: str, site_dir: str, scripts: str, python: str, version: tuple[int, ...]) -> list[str]:
    """
    Install a copy of a cuda-shims, and of what it requires, in an environment that does not have it.

    :param source: the ``.dist-info`` directory of what is copied
    :param site_dir: the environment's site-packages directory
    :param scripts: its scripts directory
    :param python: its interpreter, for the console script
    :param version: that interpreter's version, e.g. ``(3, 13)``
    :returns: the scripts that were written
    :raises BadEnvironmentError: when a file cannot be copied
    :raises NotWritableError: when something cannot be written; a second run continues

    """
    from _cuda_shims.shims import is_shim  # noqa: PLC0415
    from cuda_shims.catalog.tools import SHIPPED_SHIMS  # noqa: PLC0415
    from cuda_shims.environment import environment as environments  # noqa: PLC0415
    from cuda_shims.environment import ours  # noqa: PLC0415
    from cuda_shims.installation import copy as copies  # noqa: PLC0415
    from cuda_shims.installation import shims  # noqa: PLC0415
    from cuda_shims.installation import uninstall as removal  # noqa: PLC0415

    there = ours.find_dist_info([site_dir])
    environment = environments.Environment((site_dir,), scripts, there, is_target=False, label=site_dir)
    if there and os.path.basename(there) == os.path.basename(source) and _is_whole(environment):
        return []
    relative = os.path.relpath(scripts, site_dir).replace(os.sep, "/")
    files = {tool + shims.SUFFIX: shims.shim_bytes() for tool in SHIPPED_SHIMS}
    for name in list(files):
        path = os.path.join(scripts, name)
        if os.path.lexists(path) and not is_shim(path):
            _LOGGER.warning("cuda-shims: %s is somebody else's and stays", path)
            del files[name]
    files.update(_console_scripts(python))
    wanted = {f"{relative}/{name}": data for name, data in files.items()}
    entries = copies.copied(source, _INSTALLER, wanted, requested=True)
    if there:
        removal.uninstall(environment)
    _write(site_dir, [*_requirements(site_dir, version), *entries])
    return [os.path.join(scripts, name) for name in files]


def _is_whole(environment: Environment) -> bool:
    from cuda_shims.environment import ours, record  # noqa: PLC0415

    lines = record.record_lines(record.read_record(str(environment.dist_info)) or "")
    return bool(lines) and all(
        os.path.lexists(ours.recorded_file(environment.site_dir, path)) for path in lines if "\0" not in path
    )


def _requirements(site_dir: str, version: tuple[int, ...]) -> list[Entry]:
    # those that are installed: without filelock, on Windows, two processes may exchange a root at once; without tomli
    # [tool.cuda-shims] is not read. Neither is worth an installer and an index here
    from cuda_shims.environment.distribution import distributions  # noqa: PLC0415
    from cuda_shims.installation import copy as copies  # noqa: PLC0415

    names = [*(["filelock"] if _WINDOWS else []), *([] if version >= _HAS_TOMLLIB else ["tomli"])]
    there = {name for name, _, _ in distributions(site_dir, "filelock", "tomli")}
    entries: list[Entry] = []
    missing = []
    for name in names:
        if name in there or os.path.lexists(os.path.join(site_dir, name)):
            continue
        source = copies.find_for(name, sys.path, version)
        if source:
            entries += copies.copied(source, _INSTALLER, {})
        else:
            missing.append(name)
    if missing:
        text = "cuda-shims: no %s for Python %s is here to copy; continuing without it"
        _LOGGER.warning(text, " and no ".join(missing), ".".join(map(str, version)))
    return entries


def _console_scripts(python: str) -> dict[str, bytes]:
    # as pip and virtualenv make them, with a launcher on Windows; by distlib, which virtualenv requires
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    from distlib.scripts import ScriptMaker, enquote_executable  # noqa: PLC0415

    from cuda_shims.files.read import read_bytes  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        maker = ScriptMaker(None, folder)
        maker.executable, maker.variants = enquote_executable(python), {""}
        maker.make("cuda-shims = cuda_shims.__main__:main")
        return {name: read_bytes(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


def _write(site_dir: str, entries: list[Entry]) -> None:
    from cuda_shims.files import replace, write  # noqa: PLC0415
    from cuda_shims.files.rights import OWN  # noqa: PLC0415

    with write.writing(site_dir):
        for entry in entries:
            path = os.path.join(site_dir, entry.path)
            OWN.make_folders(os.path.dirname(path))
            replace.write_entry(path, entry)
