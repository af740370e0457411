"""compare_llama.py from end to end, with stand-ins for llama.cpp's programs: fixed figures, and quire as the server."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

import compare_llama
import stream_client

QUIRE = os.environ["QUIRE_BINARY"]
SCRIPT = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"], "perf/compare_llama.py")
PROGRAMS = {
    "llama-bench": "print('[{\"avg_ts\": 2.0}]')",
    "llama-batched-bench": "print('noise'); print('{\"pl\": 8, \"speed_tg\": 4.0}')",
    "llama-server": """
if "--version" in sys.argv:
    sys.exit(print("version: 1 (stand-in)"))
def value(flag): return sys.argv[sys.argv.index(flag) + 1]
assert ("-kvu" in sys.argv) != ("-no-kvu" in sys.argv)
folder = value("-m").replace("-q4_0.gguf", "-affine4")
slots = value("-np")
os.execv(QUIRE, [QUIRE, "serve", folder, "--port", value("--port"), "--max-num-seqs", slots, "--threads", value("-t"),
                 "--max-model-len", str(int(value("-c")) // int(slots))])"""}


def install(folder):
    for name, body in PROGRAMS.items():
        path = pathlib.Path(folder, name)
        path.write_text(f"#!{sys.executable}\nimport os, sys\nQUIRE = {QUIRE!r}\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def compare(*options):
    return subprocess.run([sys.executable, "-B", SCRIPT, "--quire", QUIRE, *map(str, options)], capture_output=True, text=True,
                          timeout=600)


class Compare(unittest.TestCase):
    def test_every_load_gives_figures_and_ratios(self):
        with tempfile.TemporaryDirectory() as scratch:
            install(scratch)
            result = pathlib.Path(scratch, "result.json")
            run = compare("--llama-bin", scratch, "--models", pathlib.Path(scratch, "models"), "--shapes=tiny", "--bits=4",
                          "--runs=1", "--threads=1", "--requests-per-client=1", "--json", result)
            self.assertEqual(run.returncode, 0, run.stderr)
            report = json.loads(result.read_text())
        self.assertIn("stand-in", report["conditions"]["llama.cpp"])
        rows = {(row["load"], row["figure"]): row["values"] for row in report["rows"]}
        loads = [*compare_llama.DIRECT, *compare_llama.SERVING]
        self.assertEqual({load for load, _ in rows}, set(loads))
        self.assertEqual(rows["decode 8", "tok/s"]["llama.cpp"], [4.0])
        self.assertEqual(rows["prefill 512", "tok/s"]["llama.cpp"], [2.0])
        for figure in ("in + out", "TTFT p50"):
            self.assertEqual(set(rows["serve 5", figure]), {"llama.cpp", "llama.cpp -kvu", "quire"})
        for values in rows.values():
            self.assertTrue(all(value > 0 for series in values.values() for value in series))
        for load in loads:
            self.assertIn(f"| tiny 4-bit | {load} |", run.stdout)

    def test_a_program_that_fails_is_named_and_what_was_measured_is_printed(self):
        with tempfile.TemporaryDirectory() as scratch:
            install(scratch)
            pathlib.Path(scratch, "llama-batched-bench").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
            run = compare("--llama-bin", scratch, "--models", pathlib.Path(scratch, "models"), "--shapes=tiny", "--bits=4",
                          "--runs=1", "--threads=1", "--loads=prefill 512,decode 8")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"llama-batched-bench .*exit 3\nbroken")
        self.assertIn("| prefill 512 |", run.stdout)

    def test_wrong_use_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as scratch:
            install(scratch)
            for options, message in [(["--llama-bin", "/no/such"], "no program llama-bench"),
                                     (["--llama-bin", scratch, "--loads=serve 6"], "'serve 6'"),
                                     (["--llama-bin", scratch, "--shapes=gpt-5"], "'gpt-5'"),
                                     (["--llama-bin", scratch, "--bits=3"], "'3'"),
                                     (["--llama-bin", scratch, "--runs=0"], "--runs"),
                                     (["--llama-bin", scratch, "--llama-kv=both"], "'both'"),
                                     (["--llama-bin", scratch, "--quire=/no/quire"], "/no/quire")]:
                run = compare(*options)
                self.assertEqual(run.returncode, 2, options)
                self.assertIn(message, run.stderr)


class Table(unittest.TestCase):
    RESULTS = {("tiny", "4", "decode 1", "tok/s"): {"llama.cpp": [10.0, 20.0, 30.0], "quire": [40.0, 60.0, 90.0]},
               ("tiny", "4", "serve 5", "TTFT p50"): {"llama.cpp": [900.0, 800.0], "llama.cpp -kvu": [400.0, 500.0],
                                                      "quire": [100.0, 50.0]}}

    def test_ratios_are_of_the_pairs_and_say_how_many_times_better_quire_is(self):
        lines = compare_llama.table(self.RESULTS).splitlines()
        self.assertEqual(lines[2], "| tiny 4-bit | decode 1 | tok/s | 20.0 (10.0 to 30.0) | 60.0 (40.0 to 90.0) | "
                                   "3.00 (3.00 to 4.00) x |")

    def test_the_better_way_to_keep_kv_counts(self):
        line = compare_llama.table(self.RESULTS).splitlines()[3]
        self.assertIn("450.0 (400.0 to 500.0) unified", line)
        self.assertTrue(line.endswith("| 7.0 (4.0 to 10.0) x |"), line)


class Pauses(unittest.TestCase):
    def test_only_gaps_that_touch_the_interval_count(self):
        arrivals = [0.0, 5.0, 5.1, 7.0, 7.1, 20.0]
        self.assertAlmostEqual(stream_client.longest_pause(arrivals, 5.2, 7.05), 1.9)
        self.assertAlmostEqual(stream_client.longest_pause(arrivals, 4.0, 4.5), 5.0)
        self.assertEqual(stream_client.longest_pause([1.0], 0.0, 2.0), 0.0)


if __name__ == "__main__":
    unittest.main()
