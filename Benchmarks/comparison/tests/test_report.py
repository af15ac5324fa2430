import unittest

from comparison import report
from comparison.report import FAILED, MET, MISSED

COST = {"title": "a cost", "ours": "ours", "against": "peer_.*", "atLeast": 4}
RATE = {"title": "a rate", "ours": "ours", "against": ".*", "atLeast": 4}


def rounds(*figures, unit):
    """Each round: subject to value."""
    return [{subject: [value, unit] for subject, value in figure.items()} for figure in figures]


class Ratios(unittest.TestCase):
    def test_a_cost_is_better_when_it_is_low(self):
        row = report.make_row(COST, rounds({"ours": 2, "peer_a": 10, "peer_b": 30}, unit="us"))
        self.assertEqual((row.peer, row.ratio, row.verdict), ("peer_a", 5, MET))

    def test_a_rate_is_better_when_it_is_high(self):
        row = report.make_row(RATE, rounds({"ours": 60, "peer_a": 10, "peer_b": 30}, unit="tasks/s"))
        self.assertEqual((row.peer, row.ratio, row.verdict), ("peer_b", 2, MISSED))

    def test_the_ratio_is_taken_within_the_round_and_not_of_medians(self):
        # The second round was three times slower for all: that must not show.
        figures = rounds({"ours": 1, "peer_a": 5}, {"ours": 3, "peer_a": 15}, {"ours": 2, "peer_a": 12}, unit="us")
        row = report.make_row(COST, figures)
        self.assertEqual(row.ratios, [5, 5, 6])
        self.assertEqual((row.ratio, row.ours, row.peer_value), (5, 2, 12))

    def test_a_round_without_one_of_the_two_has_no_ratio(self):
        row = report.make_row(COST, rounds({"ours": 1}, {"peer_a": 5}, {"ours": 1, "peer_a": 8}, unit="us"))
        self.assertEqual(row.ratios, [8])

    def test_the_best_peer_is_one_for_all_rounds(self):
        figures = rounds({"ours": 1, "peer_a": 5, "peer_b": 6}, {"ours": 1, "peer_a": 50, "peer_b": 6},
                         {"ours": 1, "peer_a": 50, "peer_b": 6}, unit="us")
        row = report.make_row(COST, figures)
        self.assertEqual((row.peer, row.ratios), ("peer_b", [6, 6, 6]))

    def test_own_subjects_and_limits_are_no_peers(self):
        row = report.make_row({**RATE, "limit": {"against": "codec"}},
                              rounds({"ours": 8, "ours_many": 99, "c_ring": 99, "codec": 99, "mp": 2}, unit="msgs/s"))
        self.assertEqual((row.peer, row.ratio), ("mp", 4))


class Verdicts(unittest.TestCase):
    def test_no_figure_of_ours_is_a_failure(self):
        row = report.make_row(COST, rounds({"peer_a": 5}, unit="us"))
        self.assertEqual(row.verdict, FAILED)
        self.assertEqual(report.make_row(COST, []).verdict, FAILED)

    def test_an_absent_peer_leaves_no_verdict_rather_than_a_good_one(self):
        row = report.make_row(COST, rounds({"ours": 5}, unit="us"))
        self.assertEqual(row.verdict, "")
        self.assertIn("absent", report.cells(row))

    def test_a_goal_is_met_at_its_very_value(self):
        self.assertEqual(report.make_row(COST, rounds({"ours": 1, "peer_a": 4}, unit="us")).verdict, MET)

    def test_every_goal_of_a_row_counts(self):
        row = {**COST, "limit": {"against": "c_fork", "atMost": 2}}
        good, bad = ({"ours": 1, "peer_a": 9, "c_fork": cost} for cost in (0.5, 0.4))
        self.assertEqual(report.make_row(row, rounds(good, unit="us")).verdict, MET)
        self.assertEqual(report.make_row(row, rounds(bad, unit="us")).verdict, MISSED)

    def test_a_share_of_a_rate_that_the_machine_can_do_is_a_least(self):
        row = {**RATE, "limit": {"against": "c_ring", "atLeast": 0.3}}
        made = report.make_row(row, rounds({"ours": 30, "mp": 1, "c_ring": 100}, unit="msgs/s"))
        self.assertEqual((made.limit_ratio, made.verdict), (0.3, MET))

    def test_a_bound_is_on_the_figure_itself(self):
        row = {"title": "memory", "ours": "ours", "bound": {"atMost": 300}}
        self.assertEqual(report.make_row(row, rounds({"ours": 300}, unit="kB")).verdict, MET)
        self.assertEqual(report.make_row(row, rounds({"ours": 301}, unit="kB")).verdict, MISSED)

    def test_beside_hogs_the_goal_is_never_to_be_below_the_best_peer(self):
        row = {**COST, "limit": {"against": "c_futex", "atMost": 9, "underLoad": {"atMost": 1.3}}}
        made = report.make_row(row, rounds({"ours": 1.3, "peer_a": 1.3, "c_futex": 1}, unit="us"), hog_count=1)
        self.assertEqual((made.goal, made.limit_goal, made.verdict), ({"atLeast": 1}, {"atMost": 1.3}, MET))
        row = {**COST, "limit": {"against": "c_futex", "atMost": 9}}
        made = report.make_row(row, rounds({"ours": 1.1, "peer_a": 1, "c_futex": 0.1}, unit="us"), hog_count=1)
        self.assertEqual((made.limit_goal, made.verdict), ({}, MISSED))


class Words(unittest.TestCase):
    def test_figures_have_a_unit_in_which_they_are_short(self):
        words = {(3_300_000, "tasks/s"): "3.3 M/s", (26_600, "msgs/s"): "26.6 k/s", (1250, "us"): "1.25 ms",
                 (0.13, "us"): "130 ns", (72, "ns"): "72 ns", (0.0456, "s"): "45.6 ms", (9.1, "s"): "9.1 s",
                 (156, "kB"): "156 kB", (1.9, "x"): "1.9 ×"}
        for (value, unit), expected in words.items():
            self.assertEqual(report.human(value, unit), expected)

    def test_a_row_shows_median_lowest_and_highest(self):
        row = report.make_row(COST, rounds({"ours": 1, "peer_a": 5}, {"ours": 1, "peer_a": 7}, {"ours": 1, "peer_a": 3},
                                           unit="us"))
        self.assertEqual(report.cells(row), ["a cost", "1 µs", "peer_a 5 µs", "5 (3 to 7)", "≥ 4 ×", "", "met"])

    def test_one_round_has_no_range(self):
        self.assertEqual(report.cells(report.make_row(COST, rounds({"ours": 1, "peer_a": 5}, unit="us")))[3], "5")

    def test_the_first_line_says_what_else_ran(self):
        machine = {"load": 0.1, "processors": 2, "processor": "P", "kernel": "6", "swift": "S", "peers": ["CPython 3"],
                   "date": "today", "commit": "c"}
        said = report.conditions({"machine": machine, "hogs": 0, "rounds": 5})
        start = "Medians of 5 rounds, on a machine otherwise idle: 2 processors (P), Linux 6, S, CPython 3. today"
        self.assertTrue(said.startswith(start))
        said = report.conditions({"machine": {**machine, "load": 3}, "hogs": 2, "rounds": 1})
        self.assertIn("1 round, beside 2 processes that use a processor each, with a load of 3 from other work", said)

    def test_what_failed_and_what_is_absent_is_said(self):
        failure = {"scenario": "s", "program": "bench", "subject": "ours", "reason": "it broke"}
        results = {"machine": {"load": 0, "processors": 2, "processor": "P", "kernel": "6", "swift": "S", "peers": [],
                               "date": "today", "commit": "c"},
                   "hogs": 0, "rounds": 1, "absent": {"loky": "no wheel"}, "failures": [failure, failure], "taken": {}}
        text = report.markdown([report.make_row(COST, [])], results)
        self.assertIn("- loky: no wheel", text)
        self.assertIn("- s, bench ours: it broke (2 times)", text)
        self.assertIn("| a cost | no figure |", text)
        self.assertIn("0 of 1 rows with a goal meet it.", text)


class Section(unittest.TestCase):
    def test_only_what_is_between_the_markers_changes(self):
        text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter"
        changed = report.between_markers(text, "new")
        self.assertEqual(changed, f"before\n{report.BEGIN}\nnew\n{report.END}\nafter")
        self.assertEqual(report.between_markers(changed, "new"), changed)

    def test_a_text_without_markers_is_refused(self):
        for text in ("", report.BEGIN, f"{report.END}{report.BEGIN}", f"{report.BEGIN}{report.END}{report.BEGIN}"):
            with self.assertRaises(ValueError):
                report.between_markers(text, "new")
