import os
import sys
import unittest

from comparison.running import Outcome, run, session_members

# A time that no other process on the machine sleeps for.
PERIOD = f"600.{os.getpid()}"
SLEEPER = f"""import os, subprocess, time
subprocess.Popen(['sleep', '{PERIOD}'], preexec_fn=os.setpgrp)
time.sleep(600)"""


class Running(unittest.TestCase):
    def test_figures_and_failures_are_read_from_the_lines(self):
        outcome = Outcome("a ours 1.5e3 us\nnoise\n# b c 1 us x\na note of words\n",
                          "# a peer FAILED it broke\n# other\n", 0)
        self.assertEqual(outcome.figures, {("a", "ours"): (1500.0, "us")})
        self.assertEqual(outcome.failures, [("peer", "it broke")])

    def test_a_bad_status_and_silence_are_failures(self):
        self.assertEqual(Outcome("a ours 1 us\n", "first\nlast\n", 3).failures, [("", "status 3: last")])
        self.assertEqual(Outcome("", "", 0).failures, [("", "status 0: no figures")])

    def test_figures_printed_before_a_hang_count(self):
        outcome = run([sys.executable, "-c", "print('a ours 1 us', flush=True)\n" + SLEEPER], 1)
        self.assertEqual(outcome.figures, {("a", "ours"): (1.0, "us")})
        self.assertTrue(outcome.failures[0][1].startswith("stopped"))

    def test_what_hangs_is_ended_with_all_that_it_started(self):
        outcome = run([sys.executable, "-c", SLEEPER + "\n"], 1)
        self.assertTrue(outcome.failures[0][1].startswith("stopped"))
        self.assertEqual(list(sleepers()), [])

    def test_what_a_program_leaves_behind_when_it_ends_is_ended(self):
        started = SLEEPER.replace("time.sleep(600)", "time.sleep(0.2)\nprint('a ours 1 us')")
        self.assertEqual(run([sys.executable, "-c", started], 30).failures, [])
        self.assertEqual(list(sleepers()), [])

    def test_a_program_that_is_not_there_is_a_failure(self):
        self.assertEqual(len(run(["/nowhere/at/all"], 1).failures), 1)

    def test_the_members_of_a_session_contain_oneself(self):
        self.assertIn(os.getpid(), list(session_members(os.getsid(0))))


def sleepers():
    """The processes that sleep for the tests' period."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[:2] == [b"sleep", PERIOD.encode()]:
                yield int(entry)
