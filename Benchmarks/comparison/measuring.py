"""Rounds: each runs everything of each scenario once, one right after another."""

import os
import re

from .paths import PEERS
from .running import run
from .setup import note


class Measurement:
    """The figures of all rounds, and what failed."""

    def __init__(self, groups, programs, python, hog_count=0):
        self.groups, self.programs, self.python = groups, programs, python
        self.hog_count = hog_count
        self.taken = {group["scenario"]: [] for group in groups}
        self.failures = []
        self.given_up = set()

    def run_rounds(self, count):
        for index in range(count):
            for group in self.groups:
                note(f"round {index + 1} of {count}: {group['scenario']}")
                self.taken[group["scenario"]].append(self.one_round(group))

    def one_round(self, group):
        """Everything of one scenario, once: the same minute has the same load."""
        name = group["scenario"]
        found = self.figures(group, "bench", [str(self.programs / "bench"), name])
        if group.get("hasLimits"):
            found |= self.figures(group, "limits", [str(self.programs / "limits"), name])
        if "peers" in group:
            environment = {"REPS": "1", "SCEN": f"^{re.escape(name)}$", **group.get("environment", {})}
            command = [self.python, str(PEERS / group["peers"])]
            found |= self.figures(group, group["peers"], command, environment)
        return {subject: figure for (scenario, subject), figure in found.items() if scenario == name}

    def figures(self, group, program, command, environment=None):
        name = group["scenario"]
        if (name, program) in self.given_up:
            return {}
        seconds = group.get("seconds", 60) * (1 + self.hog_count)
        outcome = run(command, seconds, {"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})})
        for subject, reason in outcome.failures:
            note(f"{name}: {program} {subject}: {reason}")
            self.failures.append({"scenario": name, "program": program, "subject": subject, "reason": reason})
            if reason.startswith("stopped"):  # it would cost every round as much
                self.given_up.add((name, program))
        return outcome.figures

    def results(self, machine, absent, rounds):
        return {
            "machine": {**machine, "load after": round(os.getloadavg()[0], 1)}, "hogs": self.hog_count,
            "rounds": rounds, "absent": absent, "failures": self.failures,
            "taken": self.taken,
        }
