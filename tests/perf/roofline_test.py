"""roofline.py: points under roofs, and refusals."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

SCRIPT = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"], "perf/roofline.py")
FLOORS = {"machine": "a <machine>, 2 cores", "floors": [
    {"name": "read bandwidth, huge pages", "threads": 1, "unit": "GB/s", "median": 9.0, "best": 10.0},
    {"name": "read bandwidth, huge pages", "threads": 2, "unit": "GB/s", "median": 19.0, "best": 20.0},
    {"name": "f32 FMA, AVX2", "threads": 2, "unit": "Gop/s", "median": 390.0, "best": 400.0},
    {"name": "int8 dot, AMX", "threads": 2, "unit": "Gop/s", "median": 7900.0, "best": 8000.0}]}
STEPS = {"model": {"name": "m", "weights": "affine 4-bit g64"}, "device": "cpu avx2, 2 threads", "steps": [
    {"case": "decode 1 x 128", "weight_bytes": 1e9, "kv_bytes": 0, "operations": 2e9, "gop_per_s": 30.0},
    {"case": "prefill 512", "weight_bytes": 9e8, "kv_bytes": 1e8, "operations": 1e12, "gop_per_s": 2000.0},
    {"case": "nothing", "weight_bytes": 0, "kv_bytes": 0, "operations": 0, "gop_per_s": 0.0}]}


class Roofline(unittest.TestCase):
    def draw(self, *options, floors=FLOORS, steps=STEPS):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            (folder / "floors.json").write_text(json.dumps(floors))
            (folder / "steps.json").write_text(json.dumps(steps))
            run = subprocess.run([sys.executable, "-B", SCRIPT, folder / "steps.json", "--floors", folder / "floors.json", "--out",
                                  folder / "out.svg", *options], capture_output=True, text=True, timeout=60)
            svg = folder / "out.svg"
            return run, xml.fromstring(svg.read_text()) if svg.exists() else None

    def test_draws_a_point_per_case_and_a_roof_per_floor(self):
        run, svg = self.draw()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(svg.findall("{*}circle")), 2)
        texts = [element.text for element in svg.findall("{*}text")]
        for wanted in ("20.0 GB/s", "int8 dot, AMX: 8,000 Gop/s", "f32 FMA, AVX2: 400 Gop/s", "decode 1 x 128",
                       "a <machine>, 2 cores, 2 threads"):
            self.assertIn(wanted, texts)

    def test_every_mark_lies_inside_the_picture(self):
        _, svg = self.draw()
        for circle in svg.findall("{*}circle"):
            self.assertTrue(80 <= float(circle.get("cx")) <= 970 and 50 <= float(circle.get("cy")) <= 580)
        for line in svg.findall("{*}line"):
            self.assertTrue(all(50 - 1e-6 <= float(line.get(y)) <= 580 + 1e-6 for y in ("y1", "y2")))

    def test_labels_of_equal_points_do_not_cover_each_other(self):
        step = STEPS["steps"][0]
        _, svg = self.draw(steps={**STEPS, "steps": [{**step, "case": f"case {i}"} for i in range(6)]})
        heights = sorted(float(e.get("y")) for e in svg.findall("{*}text") if e.text.startswith("case "))
        self.assertEqual(len(heights), 6)
        self.assertTrue(all(b - a > 10 for a, b in zip(heights, heights[1:])), heights)

    def test_prints_the_share_of_the_roof(self):
        run, _ = self.draw()
        self.assertIn("decode 1 x 128: 30.0 of 40.0 Gop/s, 75 % of the roof", run.stdout)
        self.assertIn("prefill 512: 2000.0 of 8000.0 Gop/s, 25 % of the roof", run.stdout)

    def test_takes_the_floors_of_the_threads_asked_for(self):
        run, _ = self.draw("--threads=1")
        self.assertIn("30.0 of 20.0 Gop/s", run.stdout)

    def test_refuses_what_it_cannot_draw(self):
        for options, changes, message in [(["--threads=3"], {}, "--threads 3"), ([], {"floors": {"machine": "x", "floors": [
                {"name": "f32", "threads": 1, "unit": "Gop/s", "best": 1.0}]}}, "read bandwidth"),
                ([], {"steps": {**STEPS, "steps": []}}, "no step")]:
            run, svg = self.draw(*options, **changes)
            self.assertEqual(run.returncode, 1)
            self.assertIn(message, run.stderr)
            self.assertIsNone(svg)


if __name__ == "__main__":
    unittest.main()
