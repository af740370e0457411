"""The command line itself: help for everything, and every wrong use refused by name with code 2."""
import re
import subprocess
import unittest

from quire_command import QUIRE, quire

COMMANDS = [("serve",), ("generate",), ("chat",), ("devices",), ("tune",), ("version",), ("bench", "serve"),
            ("bench", "step")]
# What no option of that kind takes. Options that take any text are listed in FREE_TEXT.
BAD_VALUES = ["-7x", "no-such-value"]
FREE_TEXT = {"--host", "--port-file", "--api-key", "--served-model-name", "--cors-origin", "--prompt", "--system", "--stop",
             "--base-url", "--model", "--label", "--result-dir", "--result-filename", "--json"}


def options_of(command):
    """(name, takes a value, line of help) of every option."""
    text = quire(*command, "--help").stdout
    rows = []
    for match in re.finditer(r"^  (-[^\n]*?)(?:\s{2,}|\n)(.*?)(?=^  -|^\S|\Z)", text, re.M | re.S):
        head = match.group(1)
        names = re.findall(r"--[a-z][a-z0-9-]*", head)
        rows.append((names[0], bool(re.search(r"\b(TEXT|INT|UINT|FLOAT)\b|\{", head)), match.group(0)))
    return rows


class CommandLine(unittest.TestCase):
    def test_help_of_every_command_explains_every_option(self):
        self.assertEqual(quire("--help").returncode, 0)
        for command in COMMANDS:
            run = quire(*command, "--help")
            self.assertEqual(run.returncode, 0, command)
            options = options_of(command)
            self.assertTrue(options, command)
            for name, _, text in options:
                self.assertGreater(len(re.sub(r"\s+", " ", text.split(name, 1)[1])), 12, f"{command} {name} has no text")

    def test_every_option_with_a_value_states_its_default(self):
        for command in COMMANDS:
            for name, takes_value, text in options_of(command):
                if not takes_value or name in ("--help", "--prompt", "--prompt-file", "--prompt-ids", "--logit-bias",
                                               "--stop", "--stop-token-ids"):
                    continue
                self.assertTrue(re.search(r"\(default |Default:", text), f"{command} {name}: {text}")

    def test_unknown_options_and_commands_are_refused_by_name(self):
        for command in COMMANDS:
            run = quire(*command, "--no-such-option")
            self.assertEqual(run.returncode, 2, command)
            self.assertIn("--no-such-option", run.stderr)
        self.assertEqual(quire("no-such-command").returncode, 2)
        self.assertEqual(quire().returncode, 2)

    def test_every_option_refuses_an_impossible_value_by_name(self):
        checked = 0
        for command in COMMANDS:
            for name, takes_value, _ in options_of(command):
                if not takes_value or name in FREE_TEXT:
                    continue
                for value in BAD_VALUES:
                    run = quire(*command, f"{name}={value}")
                    self.assertEqual(run.returncode, 2, f"{command} {name}={value}: {run.stderr}")
                    self.assertIn(name, run.stderr)
                    checked += 1
        self.assertGreater(checked, 100)

    def test_values_out_of_range_are_refused_by_name(self):
        for command, option in [("serve", "--port=70000"), ("serve", "--threads=-1"), ("serve", "--max-num-seqs=0"),
                                ("serve", "--kv-cache-memory=0GiB"), ("serve", "--kv-cache-dtype=int3"),
                                ("serve", "--drain-seconds=0"), ("serve", "--api-key="), ("serve", "--max-body-size=8GiB"),
                                ("generate", "--temperature=-1"), ("generate", "--top-p=0"), ("generate", "--top-p=1.5"),
                                ("generate", "--logit-bias=1"), ("generate", "--top-logprobs=21"), ("generate", "--stop="),
                                ("chat", "--presence-penalty=3"), ("chat", "--device=abacus")]:
            run = quire(command, option)
            self.assertEqual(run.returncode, 2, f"{command} {option}: {run.stderr}")
            self.assertIn(option.split("=")[0], run.stderr)

    def test_options_that_exclude_each_other_are_refused(self):
        for options in (["--prompt=a", "--prompt-ids=1"], ["--kv-cache-memory=1GiB", "--num-kv-blocks=4"], ["--system=a"],
                        ["--prompt-logprobs"], ["--chat", "--prompt-ids=1"], ["--chat", "--no-special-tokens"]):
            run = quire("generate", *options)
            self.assertEqual(run.returncode, 2, options)
            self.assertIn("--", run.stderr)

    def test_request_rates_other_than_inf_are_refused_by_name(self):
        run = quire("bench", "serve", "--request-rate", "4")
        self.assertEqual(run.returncode, 2)
        self.assertIn("only inf", run.stderr)

    def test_version_and_devices_answer(self):
        self.assertRegex(quire("--version").stdout, r"^quire \d+\.\d+\.\d+\n$")
        self.assertEqual(quire("version").stdout, quire("--version").stdout)
        devices = quire("devices")
        self.assertEqual(devices.returncode, 0)
        self.assertRegex(devices.stdout, r"(?m)^\* cpu:")
        self.assertIn("reference", devices.stdout)

    def test_a_failure_is_one_line_and_code_1(self):
        run = quire("devices", env={"QUIRE_CPU_ISA": "no-such-isa"})
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"\Aquire: [^\n]*no-such-isa[^\n]*\n\Z")


if __name__ == "__main__":
    subprocess.run([QUIRE, "--version"], check=True)
    unittest.main()
