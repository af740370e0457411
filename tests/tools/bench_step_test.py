"""`quire bench step` as a process: figures for every case, and what cannot be measured refused by name."""
import json
import pathlib
import tempfile
import unittest

from quire_command import SOURCE, quire

OPS = ["embed", "norm", "qkv", "rope+store", "attention", "o", "gate/up", "activation", "down", "head", "sampling", "other"]


def measure(*options, model=None, runs=1):
    """(finished process, JSON report)"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "steps.json")
        run = quire("bench", "step", *([model] if model else []), f"--runs={runs}", "--threads=1",
                    "--no-progress", "--json", path, *options)
        return run, json.loads(path.read_text()) if run.returncode == 0 else None


class BenchStep(unittest.TestCase):
    def test_every_case_has_its_figures(self):
        run, report = measure("--prefill=20,64", "--sequences=1,3", "--contexts=16,33", "--max-num-batched-tokens=16",
                              runs=3)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([step["case"] for step in report["steps"]],
                         ["prefill 20", "prefill 64", "decode 1 x 16", "decode 3 x 16", "decode 1 x 33", "decode 3 x 33"])
        for step in report["steps"]:
            ms = step["ms"]
            self.assertEqual(len(ms["runs"]), 3)
            self.assertTrue(0 < ms["min"] <= ms["median"] <= ms["max"])
            self.assertAlmostEqual(step["tokens_per_s"], step["tokens"] / ms["median"] * 1e3, delta=1e-6 * step["tokens_per_s"])
            self.assertGreater(step["operations"], 0)
            self.assertNotIn("profile", step)
            self.assertIn(step["case"], run.stdout)

    def test_bytes_follow_chunks_sequences_and_context(self):
        _, report = measure("--prefill=16,32", "--sequences=1,2", "--contexts=16,32", "--max-num-batched-tokens=16")
        by_case = {step["case"]: step for step in report["steps"]}
        # A prompt in two chunks reads the layers twice (but the head once); sequences share one reading.
        one, two = by_case["prefill 16"]["weight_bytes"], by_case["prefill 32"]["weight_bytes"]
        self.assertTrue(one < two < 2 * one)
        self.assertLess(by_case["decode 2 x 16"]["weight_bytes"], 1.01 * by_case["decode 1 x 16"]["weight_bytes"])
        self.assertEqual(by_case["decode 2 x 16"]["kv_bytes"], 2 * by_case["decode 1 x 16"]["kv_bytes"])
        self.assertEqual(by_case["decode 1 x 32"]["kv_bytes"], 2 * by_case["decode 1 x 16"]["kv_bytes"])
        self.assertEqual(by_case["prefill 32"]["kv_bytes"], 3 * by_case["prefill 16"]["kv_bytes"])

    def test_the_profile_divides_the_time_among_the_ops(self):
        run, report = measure("--profile", "--prefill=none", "--sequences=2", "--contexts=16")
        profile = report["steps"][0]["profile"]
        self.assertEqual([op["op"] for op in profile], OPS)
        self.assertAlmostEqual(sum(op["share"] for op in profile), 1.0, places=9)
        for op in profile:
            self.assertIn(op["op"], run.stdout)
        self.assertEqual([op["op"] for op in profile if op["gop_per_s"] > 0],
                         ["qkv", "attention", "o", "gate/up", "down", "head"])

    def test_the_conditions_are_printed_and_kept(self):
        run, report = measure("--prefill=16", "--sequences=none", "--kv-cache-dtype=f32")
        self.assertEqual(report["kv_cache"]["dtype"], "f32")
        for key in ("quire", "machine", "device", "build"):
            self.assertIn(report[key], run.stdout)
        self.assertIn("1 thread", report["device"])
        _, reference = measure("--prefill=4", "--sequences=none", "--device=reference")
        self.assertIn("reference", reference["device"])

    def test_sampling_with_a_temperature_works(self):
        _, report = measure("--prefill=none", "--sequences=1", "--contexts=8", "--temperature=0.7")
        self.assertAlmostEqual(report["temperature"], 0.7, places=6)

    def test_defaults_leave_out_what_is_too_long_for_the_model_and_say_so(self):
        with tempfile.TemporaryDirectory() as folder:
            run, report = measure("--sequences=1", model=model_with_context(pathlib.Path(folder), 200))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([step["case"] for step in report["steps"]], ["prefill 128", "decode 1 x 128"])
        self.assertIn("left out  prefill 512: the model was made for 200 tokens", run.stdout)
        self.assertIn("left out  decode 1 x 1024: the model was made for 200 tokens", run.stdout)

    def test_a_context_beyond_the_model_is_refused_by_name(self):
        for option in ("--prefill", "--contexts"):
            run, _ = measure(f"{option}=900000")
            self.assertEqual(run.returncode, 1)
            self.assertRegex(run.stderr, rf"{option} 900000: the model was made for \d+ tokens")

    def test_a_cache_that_does_not_fit_is_refused_before_it_is_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            model = model_with_context(pathlib.Path(folder), 1 << 20)
            run, _ = measure("--prefill=none", "--sequences=1024", "--contexts=1048576", model=model)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"decode 1024 x 1048576: its KV cache needs .* are available; remedy: smaller --contexts")

    def test_nothing_to_measure_is_refused(self):
        for options in (["--prefill=none", "--sequences=none"], ["--prefill=none", "--contexts=none"]):
            run = quire("bench", "step", *options)
            self.assertEqual(run.returncode, 2)
            self.assertIn("nothing to measure", run.stderr)

    def test_wrong_values_are_refused_by_name(self):
        for option in ("--prefill=0", "--sequences=1,,2", "--contexts=none,1", "--sequences=2000", "--runs=0",
                       "--max-num-batched-tokens=0", "--temperature=-1", "--threads=-1"):
            run = quire("bench", "step", option)
            self.assertEqual(run.returncode, 2, option)
            self.assertIn(option.split("=")[0], run.stderr)

    def test_a_result_that_cannot_be_written_is_refused_before_the_work(self):
        run = quire("bench", "step", "--json=/no/such/folder/x.json")
        self.assertEqual(run.returncode, 1)
        self.assertIn("--json /no/such/folder/x.json", run.stderr)
        self.assertNotIn("loading", run.stderr)


def model_with_context(folder, positions):
    """The demo model's files, made for another number of tokens."""
    demo = SOURCE / "tools/demo_model/model"
    for path in demo.iterdir():
        (folder / path.name).symlink_to(path)
    config = json.loads((demo / "config.json").read_text())
    config["max_position_embeddings"] = positions
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    return folder


if __name__ == "__main__":
    unittest.main()
