"""What is needed before anything can be measured: the peers, the programs, and what there is to say of the machine."""

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from .paths import ENVIRONMENT, HERE, PEERS


def note(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def find_python():
    """The Python the peers are measured with: 3.13 where there is one, else the one that runs this."""
    def version(path):
        answer = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                                capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else None

    candidates = [shutil.which("python3.13")]
    if shutil.which("pyenv"):
        listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        candidates += [f"{root}/versions/{name}/bin/python3" for name in listed if name.startswith("3.13")]
    for path in filter(None, candidates):
        if version(path) == "3.13":  # a shim of pyenv may be there and lead nowhere
            return path
    note(f"no Python 3.13: the peers run with {sys.version.split()[0]}, the rows keep their names")
    return sys.executable


def requirements():
    return [line.strip() for line in (PEERS / "requirements.txt").read_text().splitlines() if line.strip()]


def install(python, name):
    """None when the package is there, else why it is not."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "pip took longer than 300 s"
    lines = [line for line in answer.stderr.strip().splitlines() if "ERROR" in line] or ["pip failed"]
    return None if answer.returncode == 0 else lines[-1]


def set_up_peers():
    """The interpreter for the peers' scripts, and the packages that could not be had, with the reason."""
    python, stamp = ENVIRONMENT / "bin" / "python3", ENVIRONMENT / "installed.json"
    if not python.exists():
        note(f"making {ENVIRONMENT}")
        made = subprocess.run([find_python(), "-m", "venv", str(ENVIRONMENT)], stdout=sys.stderr)
        if made.returncode != 0:
            return sys.executable, {name: "no virtual environment could be made" for name in requirements()}
    installed = json.loads(stamp.read_text()) if stamp.exists() else []
    absent = {}
    for name in requirements():
        if name in installed:
            continue
        note(f"installing {name}")
        reason = install(str(python), name)
        if reason is None:
            installed.append(name)
        else:
            absent[name] = reason
            note(f"{name} is absent: {reason}")
    stamp.write_text(json.dumps(installed))
    return str(python), absent


def build(arguments):
    """Builds the programs of this package and returns their folder."""
    command = ["swift", "build", "-c", "release", "--package-path", str(HERE), *arguments]
    note(" ".join(command))
    subprocess.run(command, check=True, stdout=sys.stderr)
    shown = subprocess.run(command + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(shown.stdout.strip())


def first_line(command):
    try:
        answer = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    except OSError:
        return ""
    return (answer.stdout.strip().splitlines() or [""])[0]


def versions(python):
    names = [name.split("=")[0] for name in requirements()]
    script = ("import sys, importlib.metadata as m\n"
              "print('CPython', sys.version.split()[0])\n"
              f"for n in {names!r}:\n"
              " try: print(n, m.version(n))\n"
              " except m.PackageNotFoundError: pass\n")
    answer = subprocess.run([python, "-c", script], capture_output=True, text=True)
    return answer.stdout.strip().splitlines()


def machine(python):
    """What a reader must know to judge the figures."""
    processor = ""
    if Path("/proc/cpuinfo").exists():
        lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        processor = lines[0].split(":", 1)[1].strip() if lines else ""
    return {
        "processors": len(os.sched_getaffinity(0)),
        "processor": processor or platform.machine(),
        "kernel": platform.release().split("-")[0],
        "swift": first_line(["swift", "--version"]),
        "commit": first_line(["git", "describe", "--always", "--dirty"]),
        "date": datetime.date.today().isoformat(),
        "load": round(os.getloadavg()[0], 1),
        "peers": versions(python),
    }
