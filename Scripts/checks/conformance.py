"""Tests/CONFORMANCE.md against the list of CPython's tests, and it and Tests/PEER_PAINS.md against the tests here.

With the results of a run as argument (the xunit file of `swift test --xunit-output`, or the printed log), every test
that a table names must have run and passed.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

from source import ROOT, Findings, sources

TABLE = "Tests/CONFORMANCE.md"
LIST = "Scripts/checks/cpython-tests.txt"
PAINS = "Tests/PEER_PAINS.md"
PAIN_COUNT = 30
ROW = re.compile(r"^\| `([\w]+\.[\w]+)` \| ([PAX]) \| (.*?) \| (.*) \|$")
PAIN = re.compile(r"^\| (\d+) \| (?:.*?) \| (.*) \|$")
TYPE = re.compile(r"\b(?:struct|class|enum|actor|extension)\s+(`[^`\n]+`|[\w.]+)[^{}]*\{")
NAME = re.compile(r"`([^`]+)`|([^.`]+)")
TEST = re.compile(r"@Test\b")
FUNCTION = re.compile(r"\bfunc\s+(`[^`\n]+`|\w+)")


def expected_rows():
    with open(os.path.join(ROOT, LIST), encoding="utf-8") as file:
        return dict(line.split() for line in file if line.strip() and not line.startswith("#"))


def rows(findings):
    """(line, name, mark, what stands in the last column)"""
    with open(os.path.join(ROOT, TABLE), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = ROW.match(line.rstrip("\n"))
            if match:
                yield number, match[1], match[2], match[4].strip()
            elif line.startswith("| `"):
                findings.add(TABLE, number, "not a row of four columns: | `class.test` | mark | behaviour | test or reason |")


def pains():
    """(line, number, what stands in the last column)"""
    with open(os.path.join(ROOT, PAINS), encoding="utf-8") as file:
        for line, text in enumerate(file, 1):
            match = PAIN.match(text.rstrip("\n"))
            if match:
                yield line, match[1], match[2].strip()


def spellings(suite, function):
    """How the table may name a test: with its innermost suite, or with all of them. Without backticks."""
    path = [quoted or bare for quoted, bare in NAME.findall(suite)]
    match = re.match(r"`([^`]+)`|(\w+)", function)
    name = (match[1] or match[2]) if match else function
    return {f"{path[-1]}/{name}", f"{'.'.join(path)}/{name}"} if path else set()


def existing_tests():
    """`Suite/function` of every @Test function; the suite is the type around it."""
    found = set()
    for source in sources("Tests"):
        types = [(match.start(), source.end_of_block(match.end() - 1), match[1]) for match in TYPE.finditer(source.code)]
        for match in TEST.finditer(source.code):
            function = FUNCTION.search(source.code, match.end())
            around = [name for first, last, name in types if first < match.start() < last]
            if function and around:
                found |= spellings(".".join(around), function[1])
    return found


def results(path):
    """A function that tells whether `Suite/function` ran and passed."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if text.lstrip().startswith("<?xml"):
        passed = set()
        for case in ElementTree.fromstring(text).iter("testcase"):
            if len(case) == 0:  # no <failure>, no <skipped>
                module, _, suite = case.get("classname", "").partition(".")
                passed |= spellings(suite, case.get("name", ""))
        return lambda test: test in passed
    names = re.findall(r'^\S* ?Test (?:"(.*)"|(\w+)\(.*?\))(?: with \d+ test cases?)? passed after', text, re.M)
    passed = {quoted or bare for quoted, bare in names}
    return lambda test: test.split("/", 1)[1] in passed


def check_verdict(findings, place, verdict, tests, ran):
    """Whether the row is 'matched', 'not matched' or 'waiting'. What is wrong with it is a finding."""
    if re.match(r"(not matched|waiting): \S", verdict):
        return verdict.split(":")[0]
    named = re.findall(r"`([^`/]+/[^`]+)`", verdict)
    if not named:
        findings.add(*place, "this row names no test, and is neither 'not matched: why' nor 'waiting: for what'")
    for test in named:
        if test not in tests:
            findings.add(*place, f"there is no test `{test}`")
        elif ran and not ran(test):
            findings.add(*place, f"`{test}` did not run and pass")
    return "matched"


def check_complete(findings, table, names, seen):
    for name in names:
        if seen[name] != 1:
            findings.add(table, 1, f"{name} stands {seen[name]} times, not once")


def summary(counts):
    return ", ".join(f"{counts[kind]} {kind}" for kind in ["matched", "not matched", "waiting"])


def main():
    findings = Findings("conformance")
    expected, tests = expected_rows(), existing_tests()
    ran = results(sys.argv[1]) if len(sys.argv) > 1 else None
    counts, seen = Counter(), Counter()
    for line, name, mark, verdict in rows(findings):
        seen[name] += 1
        if expected.get(name) != mark:
            findings.add(TABLE, line, f"{name} {mark} is not in {LIST}")
        counts[check_verdict(findings, (TABLE, line), verdict, tests, ran)] += 1
    check_complete(findings, TABLE, expected, seen)
    pain_counts, pains_seen = Counter(), Counter()
    for line, number, verdict in pains():
        pains_seen[number] += 1
        pain_counts[check_verdict(findings, (PAINS, line), verdict, tests, ran)] += 1
    check_complete(findings, PAINS, [str(number + 1) for number in range(PAIN_COUNT)], pains_seen)
    findings.finish(
        f"{len(expected)} behaviours: {summary(counts)}; {PAIN_COUNT} pains: {summary(pain_counts)}"
        + (", all that are named ran and passed" if ran and not findings.count else ""))


main()
