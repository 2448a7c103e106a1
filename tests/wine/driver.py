"""
Run by Windows' Python: starts programs as its jobs say, and says what became of them.

Stdin holds a list of jobs in JSON, stdout gets a list of answers. A job: ``command`` (a list, or a string for ``cmd``),
``environ`` (changes), ``directory``, ``input`` (how many random bytes go to stdin; they must come back), ``do``.
"""

import ctypes
import json
import os
import subprocess
import sys
import time

kernel32 = ctypes.windll.kernel32
SYNCHRONIZE, TERMINATE, STILL_RUNNING = 0x100000, 1, 258
#: on a busy machine wine 8 fails a start with it now and then, whatever the program
INTERNAL_ERROR = 1359


def is_running(pid):
    """Tell whether a process has not ended."""
    handle = kernel32.OpenProcess(SYNCHRONIZE, 0, pid)
    if not handle:
        return False
    state = kernel32.WaitForSingleObject(handle, 0)
    kernel32.CloseHandle(handle)
    return state == STILL_RUNNING


def run(job, environ):
    """Run a program to its end."""
    data = os.urandom(job["input"]) if "input" in job else None
    done = subprocess.run(
        job["command"],
        input=data,
        stdin=None if data is not None else subprocess.DEVNULL,
        capture_output=True,
        env=environ,
        cwd=job.get("directory"),
        shell=isinstance(job["command"], str),
        check=False,
    )
    if data is not None:
        return {"code": done.returncode, "same": done.stdout == data}
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    return {"code": done.returncode, "out": out, "err": err}


def kill(job, environ):
    """Start a shim whose tool prints a process number, and end the shim, or that process."""
    process = subprocess.Popen(job["command"], stdout=subprocess.PIPE, env=environ)
    pid = int(process.stdout.readline())
    before = is_running(pid)
    if job["do"] == "kill the other":
        handle = kernel32.OpenProcess(TERMINATE, 0, pid)
        kernel32.TerminateProcess(handle, 42)
    else:
        process.kill()
    code = process.wait(30)
    end = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < end and job["do"] != "kill and look":
        time.sleep(0.05)
    time.sleep(0.5)
    after = is_running(pid)
    if after:
        kernel32.TerminateProcess(kernel32.OpenProcess(TERMINATE, 0, pid), 1)
    return {"code": code, "before": before, "after": after, "pids differ": pid != process.pid}


def main():
    """Do all jobs."""
    answers = []
    for job in json.load(sys.stdin):
        environ = {**os.environ, **{name.upper(): value for name, value in job.get("environ", {}).items()}}
        environ = {name: value for name, value in environ.items() if value is not None}
        do = kill if "do" in job else run
        try:
            try:
                answers.append(do(job, environ))
            except OSError as error:
                if error.winerror != INTERNAL_ERROR:
                    raise
                answers.append(do(job, environ))
        except OSError as error:
            answers.append({"error": repr(error)})
    json.dump(answers, sys.stdout)


main()
