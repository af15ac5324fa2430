import unittest
import xml.etree.ElementTree as tree

from comparison.plot import LEFT, RIGHT, WIDTH, Scale, svg
from comparison.report import Row


def row(title, ratios, goal=None):
    return Row(title, unit="us", ours=1.0, peer="peer", ratios=ratios, goal=goal or {})


class Plot(unittest.TestCase):
    def test_ten_times_is_the_same_way_everywhere(self):
        scale = Scale([0.1, 1000])
        self.assertAlmostEqual(scale(10) - scale(1), scale(1000) - scale(100))

    def test_the_scale_holds_all_it_was_made_for(self):
        for numbers in ([0.03, 700], [5], [1, 1], []):
            scale = Scale(numbers)
            for number in [*numbers, 1]:
                self.assertTrue(LEFT <= scale(number) <= WIDTH - RIGHT)

    def test_it_is_XML_whatever_the_titles_say(self):
        root = tree.fromstring(svg([row("a < b & \"c\"", [2, 3, 5], {"atLeast": 4})], "A & B"))
        self.assertIn("a < b & \"c\"", [element.text for element in root.iter() if element.tag.endswith("text")])

    def test_a_row_without_a_ratio_is_left_out(self):
        circles = svg([row("one", [2]), row("none", [])], "title").count("<circle")
        self.assertEqual(circles, 1)
