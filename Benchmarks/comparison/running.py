"""Runs programs in sessions of their own, so that nothing they started outlives them, and stops those that hang."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .paths import PEERS

FAILED = re.compile(r"# (\S+) (\S+) FAILED (.*)")


def session_members(session):
    """The processes of a session, those that went into process groups of their own, too."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name, in parentheses, may contain anything.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            yield int(entry.name)


def end_session(process):
    """Kills what is left of the session of a process that was started with a new one."""
    for _ in range(20):
        left = list(session_members(process.pid))
        for member in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        if process.poll() is not None and not left:
            return
        time.sleep(0.05)


class Outcome:
    """What one run gave: figures as (scenario, subject) to (value, unit), and what failed as (subject, reason)."""

    def __init__(self, output, errors, status, stopped_after=None):
        self.figures, self.failures = {}, []
        for line in output.splitlines():
            words = line.split()
            if len(words) == 4 and re.fullmatch(r"-?\d[\d.e+-]*", words[2]):
                self.figures[words[0], words[1]] = (float(words[2]), words[3])
        matches = filter(None, map(FAILED.fullmatch, errors.splitlines()))
        self.failures += [(match[2], match[3]) for match in matches]
        if stopped_after is not None:
            self.failures.append(("", f"stopped: it took longer than {stopped_after:g} s"))
        elif status != 0 or not (self.figures or self.failures):
            last = [line for line in errors.strip().splitlines() if not line.startswith("#")][-1:] or ["no figures"]
            self.failures.append(("", f"status {status}: {last[0]}"))


def run(command, seconds, environment=None):
    """Runs a program to its end; one that takes longer than so many seconds is killed, with all it started."""
    def file():
        return tempfile.TemporaryFile("w+", errors="replace")

    with file() as output, file() as errors:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=PEERS,
                                       env={**os.environ, **(environment or {})}, start_new_session=True)
        except OSError as error:
            return Outcome("", str(error), -1)
        stopped = None
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            stopped = seconds
        finally:
            end_session(process)
        output.seek(0)
        errors.seek(0)
        return Outcome(output.read(), errors.read(), process.returncode, stopped)


@contextlib.contextmanager
def hogs(count, limits):
    """So many processes that do nothing but use a processor, until the block is left, however it is left."""
    running = []
    try:
        for _ in range(count):
            running.append(subprocess.Popen([str(limits), "--hog"], start_new_session=True))
        yield running
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
