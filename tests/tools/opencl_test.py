"""`--device opencl`: refused by name where it cannot be; the CPU's greedy answers where it can; a server on it."""
import json
import re
import subprocess
import tempfile
import unittest

from quire_command import PATIENCE, QUIRE, SOURCE, quire, serving

DEMO = json.loads((SOURCE / "tests/engine/fixtures/demo_goldens.json").read_text())["cases"]
NO_DRIVER = {"OCL_ICD_VENDORS": "/nonexistent"}
CLIENTS = 16


def has_device():
    return "opencl:0" in quire("devices").stdout


def greedy(device, case, *options):
    run = quire("generate", "--json", "--device", device, "--temperature", 0, "--max-tokens", 24, *options,
                "--prompt-ids", ",".join(map(str, case["prompt_ids"])))
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


class Refusals(unittest.TestCase):
    def test_without_a_platform_the_device_is_refused_by_name(self):
        run = quire("generate", "--device", "opencl", "--prompt", "x", env=NO_DRIVER)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr.splitlines()[-1], "^quire: opencl:0: no OpenCL platform")
        run = quire("devices", env=NO_DRIVER)
        self.assertEqual(run.returncode, 0)
        self.assertIn("no OpenCL platform", run.stdout)

    def test_names_that_are_no_device_are_refused(self):
        for name in ("gpu", "opencl:", "opencl:x", "opencl:-1", "opencl:1.5", "cuda:0"):
            run = quire("generate", "--device", name, "--prompt", "x")
            self.assertEqual(run.returncode, 2, name)
            self.assertIn(name, run.stderr)


@unittest.skipUnless(has_device(), "no OpenCL device")
class OpenCl(unittest.TestCase):
    def test_a_number_beyond_the_devices_is_refused_with_those_that_exist(self):
        run = quire("generate", "--device", "opencl:99", "--prompt", "x")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr.splitlines()[-1], r"^quire: opencl:99 does not exist; this machine has opencl:0 \(")

    def test_threads_are_refused(self):
        run = quire("generate", "--device", "opencl", "--threads", 2, "--prompt", "x")
        self.assertEqual(run.returncode, 1)
        self.assertIn("--threads", run.stderr)

    def test_memory_is_refused_before_the_start(self):
        run = quire("generate", "--device", "opencl", "--prompt", "x", "--num-kv-blocks", 2**31 - 1)
        self.assertEqual(run.returncode, 1)
        self.assertIn("KV cache needs", run.stderr)

    def test_greedy_answers_are_those_of_the_cpu(self):
        # Devices round differently: all answers but the two nearest to a tie.
        for case in sorted(DEMO, key=lambda case: case["min_gap"])[2:]:
            answer, expected = greedy("opencl", case), greedy("cpu", case)
            self.assertEqual(answer["ids"], expected["ids"])

    def test_the_profile_counts_the_launches_of_a_step(self):
        run = quire("bench", "step", "--device", "opencl", "--prefill", "none", "--sequences", 1, "--contexts", 32,
                    "--runs", 1, "--profile", "--no-progress")
        self.assertEqual(run.returncode, 0, run.stderr)
        launches = int(re.search(r"on the device: (\d+) launches", run.stdout).group(1))
        layers = json.loads((SOURCE / "tools/demo_model/model/config.json").read_text())["num_hidden_layers"]
        # kernels/opencl/README.md; besides the layers embed, angles, two gathered rows, norm, head.
        self.assertEqual(launches, 10 * layers + 6)
        self.assertRegex(run.stdout, r"(?m)^  linear +\d+ ")

    def test_sixteen_clients_are_served(self):
        with serving("--device", "opencl", "--kv-cache-memory", "32MiB") as server, tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [QUIRE, "bench", "serve", "--base-url", f"http://127.0.0.1:{server.port}", "--num-prompts", str(2 * CLIENTS),
                 "--max-concurrency", str(CLIENTS), "--random-input-len", "40", "--random-output-len", "12",
                 "--save-result", "--result-dir", folder, "--result-filename", "r.json"],
                capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stdout, rf"(?m)^Successful requests: +{2 * CLIENTS}$")
            self.assertEqual(server.stop(), 0)
            self.assertIn("opencl:0 (", server.log())


if __name__ == "__main__":
    unittest.main()
