"""What GitHub's runner does with the steps of a workflow: how it starts them, and reads the files that they write."""

from __future__ import annotations

import os
import re

#: a step's ``shell`` to what the runner starts, with the file that holds the step
SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}


def run_job(job, folder, start):
    """
    Run the steps of a job that are commands, in order; what a step writes for later ones reaches them.

    :param job: the job, as YAML has it
    :param folder: a folder for the runner's files
    :param start: runs ``(command, variables, folders for PATH)`` and returns its exit code and what it printed
    :returns: ``(name or commands, exit code, what it printed)`` of each step that ran

    """
    found, failed = [], False
    shell = job.get("defaults", {}).get("run", {}).get("shell")
    files = {name: folder / name.lower() for name in ("GITHUB_ENV", "GITHUB_PATH")}
    for file in files.values():
        file.touch()
    for number, step in enumerate(each for each in job["steps"] if "run" in each):
        assert step.get("if") in {None, "failure()"}
        if failed == ("if" in step):
            script = folder / f"step-{number}.sh"
            script.write_text(step["run"])
            variables = {**job.get("env", {}), **read_env(files["GITHUB_ENV"].read_text()), **files}
            # a later line comes first
            path = files["GITHUB_PATH"].read_text().splitlines()[::-1]
            code, said = start([*SHELLS[step.get("shell", shell)], os.fspath(script)], variables, path)
            found.append((step.get("name", step["run"]), code, said))
            failed = failed or code != 0
    return found


def read_env(text: str, *, windows: bool = False) -> dict[str, str]:
    """Read the file as SetEnvFileCommand in actions/runner does: a line ends at LF, on Windows at CRLF too."""
    ends = re.compile(r"\r?\n" if windows else r"\n")
    environ, at = {}, 0

    def line() -> tuple[str, int]:
        nonlocal at
        end = ends.search(text, at)
        assert end, "no newline at the end"
        start, at = at, end.end()
        return text[start : end.start()], end.start()

    while at < len(text):
        head, _ = line()
        if not head:
            continue
        equals, heredoc = head.find("="), head.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, environ[name] = head.partition("=")
            continue
        name, _, delimiter = head.partition("<<")
        assert name
        assert delimiter
        start = stop = at
        while True:
            row, end = line()
            if row == delimiter:
                break
            stop = end
        environ[name] = text[start:stop]
    return environ
