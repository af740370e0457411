"""The tour in the READMEs: its answers are what the server gives on every ISA, and the pages show just them."""
import sys
import unittest

from quire_command import QUIRE, SOURCE, serving

sys.path.insert(0, str(SOURCE / "tools/demo_model"))
import tour  # noqa: E402
from serving import Client, isas  # noqa: E402


class Tour(unittest.TestCase):
    maxDiff = None

    def test_the_server_gives_the_recorded_answers_on_every_isa(self):
        found_isas = isas(QUIRE)
        self.assertIn("portable", found_isas)
        recorded = tour.load()
        for isa in found_isas:
            with serving(env={"QUIRE_CPU_ISA": isa}) as server:
                found = tour.replay(Client(server.port), recorded)
            for talk, answered in zip(recorded, found, strict=True):
                with self.subTest(isa=isa, title=talk["title"]):
                    self.assertEqual(answered["messages"], talk["messages"])

    def test_the_pages_show_what_was_recorded(self):
        self.assertEqual(tour.stale_pages(tour.load()), [], "run tools/demo_model/tour.py --record")

    def test_the_front_page_has_some_conversations_and_the_models_page_the_others(self):
        shown = [talk["page"] for talk in tour.load()]
        self.assertGreaterEqual(len(shown), 10)
        self.assertEqual(set(shown), set(tour.PAGES))


if __name__ == "__main__":
    unittest.main()
