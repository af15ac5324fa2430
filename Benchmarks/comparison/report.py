"""From figures to ratios, verdicts and Markdown. Nothing here runs anything."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass, field

MET, MISSED, FAILED = "met", "missed", "failed"


def is_better_high(unit):
    return unit.endswith("/s") or unit == "x"


def values(rounds, subject):
    return [taken[subject][0] for taken in rounds if subject in taken]


def best_of(rounds, pattern, unit, limit=None):
    """The peer that matches and does best over the rounds; None when there is none. Our own subjects and the limits,
    of which a scenario may have one that is not written in C, are no peers."""
    names = {name for taken in rounds for name in taken if re.fullmatch(pattern, name)}
    names = {name for name in names if not name.startswith(("ours", "c_")) and name != limit}
    if not names:
        return None
    ranked = sorted(names, key=lambda name: (statistics.median(values(rounds, name)), name))
    return ranked[-1] if is_better_high(unit) else ranked[0]


def ratios(rounds, above, below):
    """One for each round that has both, of the figures of that round."""
    pairs = [(taken[above][0], taken[below][0]) for taken in rounds if above in taken and below in taken]
    return [first / second for first, second in pairs if second != 0]


def reaches(goal, value):
    """Whether a value keeps to a goal of {"atLeast": N} or {"atMost": N}; None for no goal."""
    if "atLeast" in goal:
        return value >= goal["atLeast"]
    return value <= goal["atMost"] if "atMost" in goal else None


@dataclass
class Row:
    """One line of the table."""
    title: str
    unit: str = ""
    ours: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    # How many times better than the peer, in each round.
    ratios: list = field(default_factory=list)
    goal: dict = field(default_factory=dict)
    limit: str | None = None
    # How many times what the machine charges, or what share of what it can do, in each round.
    limit_ratios: list = field(default_factory=list)
    limit_goal: dict = field(default_factory=dict)
    is_headline: bool = False
    # A bound on the figure itself, in its unit.
    bound: dict = field(default_factory=dict)

    @property
    def ratio(self):
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def limit_ratio(self):
        return statistics.median(self.limit_ratios) if self.limit_ratios else None

    @property
    def verdict(self):
        """`failed` without a figure of ours; else whether every goal is met; empty without a goal, or nothing to hold
        it against."""
        if self.ours is None:
            return FAILED
        held = [(self.goal, self.ratio), (self.limit_goal, self.limit_ratio), (self.bound, self.ours)]
        answers = [reaches(goal, value) for goal, value in held if goal and value is not None]
        if not answers:
            return ""
        return MET if all(answers) else MISSED


def goal_of(description):
    return {key: description[key] for key in ("atLeast", "atMost") if key in description}


def make_row(description, rounds, hog_count=0):
    """One row of a scenario's description, from the figures of its rounds.

    With processor hogs the goal of every row is another: never below the best peer."""
    row = Row(description["title"], is_headline=description.get("isHeadline", False))
    subject = description["ours"]
    row.unit = next((taken[subject][1] for taken in rounds if subject in taken), "")
    row.bound = {} if hog_count else description.get("bound", {})
    if "against" in description:
        row.goal = {"atLeast": 1} if hog_count else goal_of(description)
    limit = description.get("limit", {})
    row.limit_goal = limit.get("underLoad", {}) if hog_count else goal_of(limit)
    if not row.unit:
        return row
    row.ours = statistics.median(values(rounds, subject))
    if "against" in description:
        row.peer = best_of(rounds, description["against"], row.unit, limit.get("against"))
    if row.peer:
        row.peer_value = statistics.median(values(rounds, row.peer))
        high = is_better_high(row.unit)
        row.ratios = ratios(rounds, subject, row.peer) if high else ratios(rounds, row.peer, subject)
    if limit:
        row.limit, row.limit_ratios = limit["against"], ratios(rounds, subject, limit["against"])
    return row


def make_rows(groups, results):
    return [make_row(description, results["taken"].get(group["scenario"], []), results["hogs"])
            for group in groups if group["scenario"] in results["taken"] for description in group["rows"]]


# Words

SCALES = {
    "us": [(1e6, "s"), (1e3, "ms"), (1, "µs"), (1e-3, "ns")], "ns": [(1e6, "ms"), (1e3, "µs"), (1, "ns")],
    "ns/op": [(1e3, "µs"), (1, "ns")], "s": [(1, "s"), (1e-3, "ms")], "kB": [(1e3, "MB"), (1, "kB")],
}


def digits(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def human(value, unit):
    """`3.3 M/s` for 3300000 tasks/s, `1.2 ms` for 1200 us."""
    if unit == "x":
        return f"{digits(value)} ×"
    if unit.endswith("/s"):
        for scale, letter in ((1e6, " M"), (1e3, " k")):
            if value >= scale:
                return f"{digits(value / scale)}{letter}/s"
        return f"{digits(value)} /s"
    for scale, name in SCALES.get(unit, []):
        if value >= scale:
            return f"{digits(value / scale)} {name}"
    return f"{digits(value)} {unit}"


def sign(goal, unit=" ×"):
    """`≥ 15 ×`; empty for no goal."""
    if "atLeast" in goal:
        return f"≥ {goal['atLeast']:g}{unit}"
    return f"≤ {goal['atMost']:g}{unit}" if "atMost" in goal else ""


def spread(numbers):
    """`median (lowest to highest)`; of one round there is no more than the number."""
    if not numbers:
        return ""
    middle = digits(statistics.median(numbers))
    if len(numbers) == 1:
        return middle
    return f"{middle} ({digits(min(numbers))} to {digits(max(numbers))})"


def peer_name(subject):
    """Which CPython it was is said above the table."""
    return subject.replace("cpython313_", "CPython ")


def limit_words(row):
    if not row.limit_ratios:
        return "not measured" if row.limit and row.ours is not None else ""
    goal = sign(row.limit_goal)
    return f"{digits(row.limit_ratio)} × {row.limit}" + (f", goal {goal}" if goal else "")


def goal_words(row):
    return sign(row.goal) or (sign(row.bound, f" {row.unit}") if row.bound else "")


def cells(row):
    mark = f"**{row.verdict}**" if row.verdict in (MISSED, FAILED) else row.verdict
    if row.ours is None:
        return [row.title, "no figure", "", "", goal_words(row), "", mark]
    peer = f"{peer_name(row.peer)} {human(row.peer_value, row.unit)}" if row.peer else "absent" if row.goal else ""
    return [row.title, human(row.ours, row.unit), peer, spread(row.ratios), goal_words(row), limit_words(row), mark]


def markdown_table(head, lines):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def conditions(results):
    """In what circumstances the figures were taken, in a sentence or two."""
    facts = results["machine"]
    hogs = results["hogs"]
    load = "on a machine otherwise idle" if facts["load"] < 0.7 else f"with a load of {facts['load']} from other work"
    if hogs:
        busy = "a process that uses a processor" if hogs == 1 else f"{hogs} processes that use a processor each"
        load = f"beside {busy}, {load}"
    rounds = f"{results['rounds']} round{'s' if results['rounds'] > 1 else ''}"
    software = ", ".join([f"Linux {facts['kernel']}", facts["swift"], *facts["peers"]])
    return (f"Medians of {rounds}, {load}: {facts['processors']} processors ({facts['processor']}), {software}. "
            f"{facts['date']}, {facts['commit']}.")


def summary(rows):
    """`12 of 15 goals met`, for the rows that have one."""
    judged = [row for row in rows if row.verdict]
    return f"{sum(row.verdict == MET for row in judged)} of {len(judged)} rows with a goal meet it."


def failure_lines(results):
    counts = {}
    for failure in results["failures"]:
        key = f"{failure['scenario']}, {failure['program']} {failure['subject']}".strip() + f": {failure['reason']}"
        counts[key] = counts.get(key, 0) + 1
    return [f"- {text}" + (f" ({count} times)" if count > 1 else "") for text, count in counts.items()]


def markdown(rows, results):
    """The whole table, and what is missing from it."""
    head = ["scenario", "ours", "best peer", "times better (lowest to highest)", "goal", "against the machine",
            "verdict"]
    parts = [conditions(results), markdown_table(head, map(cells, rows)), summary(rows)]
    if results["absent"]:
        parts.append("Absent peers:\n\n" + "\n".join(f"- {name}: {why}" for name, why in results["absent"].items()))
    if results["failures"]:
        parts.append("What failed:\n\n" + "\n".join(failure_lines(results)))
    return "\n\n".join(parts) + "\n"


def readme_section(rows, results, plot, table):
    """What the README shows: the rows that matter most, without goals, and where the rest is."""
    head = ["", "this library", "best peer", "times better (lowest to highest)"]
    shown = [cells(row)[:4] for row in rows if row.is_headline and row.ours is not None]
    return "\n\n".join([
        conditions(results), markdown_table(head, shown),
        f"[Every row, with the goals and the limits of the machine]({table}); the ratios as a picture:",
        f"![Times better than the best peer, on a logarithmic scale]({plot})"])


BEGIN, END = "<!-- performance:begin -->", "<!-- performance:end -->"


def between_markers(text, section):
    """The text with what is between the markers replaced; an error when they are not there, once and in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the text needs one {BEGIN} and, after it, one {END}")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}"
