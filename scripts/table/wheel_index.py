"""The package index that pip is configured for, and the ends of its wheels; for ``scripts/table/contents.py``."""

from __future__ import annotations

import io
import re
import struct
import tempfile
import zipfile
from contextlib import contextmanager
from functools import cache
from typing import Any

from pip._internal.commands import create_command
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP
from pip._vendor.packaging.utils import parse_wheel_filename

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pip._vendor.packaging.requirements import Requirement

#: system of the table -> what the markers of cuda-toolkit look at
SYSTEMS = {
    "linux-x86_64": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "linux-aarch64": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "windows-amd64": {"sys_platform": "win32", "platform_machine": "AMD64"},
    "windows-arm64": {"sys_platform": "win32", "platform_machine": "ARM64"},
}


class Index:
    """The package index that pip is configured for."""

    def __init__(self) -> None:
        """Let pip read its configuration, and make its session: certificates, proxies, credentials."""
        command: Any = create_command("download")
        options, _ = command.parse_args([])
        self.url: str = options.index_url
        self.session: Any = command._build_session(options)  # noqa: SLF001 # pip has no public interface

    @cache  # noqa: B019 # there is one
    def files(self, name: str) -> list[dict[str, Any]]:
        """
        List the wheels of a distribution.

        :param name: its name
        :returns: what the index says of each, as :pep:`691` has it, none that is yanked
        :raises SystemExit: when the index does not speak JSON

        """
        kind = "application/vnd.pypi.simple.v1+json"
        answer = self.session.get(f"{self.url.rstrip('/')}/{name}/", headers={"Accept": kind})
        answer.raise_for_status()
        if not answer.headers["Content-Type"].startswith(kind):
            raise SystemExit("provides: the package index that pip is configured for has no JSON (PEP 691)")
        files = answer.json()["files"]
        return [each for each in files if each["filename"].endswith(".whl") and not each.get("yanked")]

    def wheel(self, requirement: Requirement, system: str) -> str:
        """
        Choose a wheel as a release pins it.

        :param requirement: of ``cuda-toolkit``; ``>=`` stands for the version that came with the release
        :param system: a key of :data:`SYSTEMS`
        :returns: its URL
        :raises SystemExit: when there is none

        """
        machine = SYSTEMS[system]["platform_machine"].lower()
        fits = re.compile(rf"any|manylinux\w*_{machine}" if system.startswith("linux") else rf"any|win_{machine}")
        found = []
        for each in self.files(requirement.name):
            _, version, _, tags = parse_wheel_filename(each["filename"])
            if requirement.specifier.contains(version) and any(fits.fullmatch(tag.platform) for tag in tags):
                found.append((version, each["url"]))
        if not found:
            raise SystemExit(f"provides: no wheel of {requirement} for {system}")
        return str((min if ">" in str(requirement.specifier) else max)(found)[1])

    @contextmanager
    def open(self, url: str, size: int = 65536) -> Iterator[zipfile.ZipFile]:
        """
        Open the end of a wheel, which has the names of its files and, if it is short, the files.

        :param url: where it is
        :param size: how many bytes of it to ask for
        :returns: it; what is before those bytes cannot be read

        """
        headers = {"Range": f"bytes=-{size}", "Accept-Encoding": "identity"}
        with self.session.get(url, headers=headers, stream=True) as answer:
            answer.raise_for_status()
            if answer.status_code != 206:  # noqa: PLR2004 # no ranges here, so all of it
                with tempfile.TemporaryFile() as file:
                    for chunk in answer.iter_content(1 << 20):
                        file.write(chunk)
                    with zipfile.ZipFile(file) as archive:
                        yield archive
                return
            end = answer.content
        place = end.rfind(b"PK\5\6")
        directory = struct.unpack_from("<L", end, place + 12)[0] + len(end) - place
        with zipfile.ZipFile(io.BytesIO(end)) if directory <= len(end) else self.open(url, directory) as archive:
            yield archive

    @contextmanager
    def whole(self, url: str) -> Iterator[zipfile.ZipFile]:
        """
        Open a wheel of which a file is to be read that is not at its end.

        :param url: where it is
        :returns: it; what is read of it is asked for then, if the index answers ranges

        """
        try:
            file = LazyZipOverHTTP(url, self.session)
        except HTTPRangeRequestUnsupported:
            with self.open(url) as archive:
                yield archive
            return
        with file, zipfile.ZipFile(file) as archive:
            yield archive
