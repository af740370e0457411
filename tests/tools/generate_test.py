"""`quire generate` and `quire chat`: answers equal those of independent implementations."""
import fcntl
import json
import os
import signal
import subprocess
import tempfile
import unittest

from quire_command import PATIENCE, QUIRE, SOURCE, quire

DEMO = json.loads((SOURCE / "tests/engine/fixtures/demo_goldens.json").read_text())["cases"]


def generate(*arguments, **how):
    run = quire("generate", "--json", *arguments, **how)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def ids_text(ids):
    return ",".join(map(str, ids))


class EmbeddedModel(unittest.TestCase):
    def test_the_reference_device_gives_the_golden_ids_and_logprobs(self):
        for case in DEMO[:3] + DEMO[-1:]:
            answer = generate("--device", "reference", "--kv-cache-dtype", "f32", "--temperature", 0, "--max-tokens", 96,
                              "--prompt-ids", ids_text(case["prompt_ids"]))
            self.assertEqual(answer["ids"], case["greedy_ids"])
            for found, expected in zip(answer["logprobs"], case["logprobs"]):
                self.assertAlmostEqual(found, expected, delta=1e-4)

    def test_chat_applies_the_template_and_the_tokenizer(self):
        for case in DEMO:
            roles = [message["role"] for message in case.get("messages", [])]
            if roles not in (["user"], ["system", "user"]):
                continue
            system = ["--system", case["messages"][0]["content"]] if roles[0] == "system" else []
            answer = generate("--chat", *system, "--max-tokens", 1, "--prompt", case["messages"][-1]["content"])
            self.assertEqual(answer["prompt_ids"], case["prompt_ids"])

    def test_prompts_come_from_an_option_a_file_or_standard_input(self):
        text = "Once upon a time, the owl"
        common = ["--temperature", 0, "--max-tokens", 8]
        by_option = generate("--prompt", text, *common)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            self.assertEqual(generate("--prompt-file", file.name, *common)["ids"], by_option["ids"])
        self.assertEqual(generate(*common, stdin=text)["ids"], by_option["ids"])
        plain = quire("generate", "--prompt", text, *common)
        self.assertEqual(plain.stdout, by_option["text"] + "\n")

    def test_the_same_seed_gives_the_same_answer_whatever_the_threads(self):
        common = ["--chat", "--prompt", "Tell me a story.", "--temperature", 1, "--seed", 11]
        first = generate(*common, "--threads", 1)
        self.assertEqual(first["seed"], 11)
        second = generate(*common, "--threads", 2, "--max-num-batched-tokens", 5)
        self.assertEqual(first, second)
        self.assertNotEqual(first["ids"], generate(*common[:-1], 12)["ids"])

    def test_stop_strings_end_the_text(self):
        answer = generate("--chat", "--prompt", "Count to 9.", "--temperature", 0, "--stop", ", 4")
        self.assertEqual(answer["text"], "1, 2, 3")
        self.assertEqual(answer["finish_reason"], "stop")

    def test_logprobs_have_alternatives_and_prompts(self):
        answer = generate("--prompt", "Once upon a time", "--max-tokens", 3, "--top-logprobs", 2, "--prompt-logprobs",
                          "--temperature", 0)
        self.assertEqual(len(answer["prompt_logprobs"]), len(answer["prompt_ids"]) - 1)
        for token in answer["tokens"]:
            self.assertEqual(len(token["top_logprobs"]), 2)
            self.assertEqual(token["top_logprobs"][0]["id"], token["id"])

    def test_impossible_requests_fail_with_one_line(self):
        for options, what in [(["--prompt-ids", "999999"], "999999"), (["--prompt", ""], "no tokens"),
                              (["--prompt", "a b c d e f g h i", "--max-model-len", "4"], "context"),
                              (["--prompt", "a", "--max-model-len", "99999999"], "--max-model-len"),
                              (["--prompt", "a", "--kv-cache-memory", "100GiB"], "KV cache"),
                              (["--prompt", "a", "/"], "/"), (["--prompt", "a", "--stop-token-ids", "999999"], "stop_token_ids")]:
            run = quire("generate", *options)
            self.assertEqual(run.returncode, 1, options)
            self.assertRegex(run.stderr.splitlines()[-1], r"^quire: ")
            self.assertIn(what, run.stderr)


class Chat(unittest.TestCase):
    def test_piped_lines_are_a_conversation(self):
        run = quire("chat", "--temperature", 0, stdin="My name is Zorina.\nWhat is my name?\n/reset\nWhat is my name?\n/exit\nno\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = run.stdout.splitlines()
        self.assertEqual(len(lines), 4, run.stdout)
        self.assertIn("forgotten", lines[2])
        self.assertNotEqual(lines[1], lines[3])

    def test_ctrl_c_stops_the_answer_and_the_end_of_input_leaves(self):
        [token] = generate("--prompt", " remember", "--max-tokens", 1)["prompt_ids"]
        out, chat_out = os.pipe()
        fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 4096)
        # The answer is that token to the end of the context: more than the pipe holds, so that it cannot
        # be complete before it is read.
        chat = subprocess.Popen([QUIRE, "chat", "--ignore-eos", "--temperature", "0", "--logit-bias", f"{token}:100"],
                                stdin=subprocess.PIPE, stdout=chat_out)
        os.close(chat_out)
        with os.fdopen(out, "rb", buffering=0) as reader:
            def read_until(text):
                seen = b""
                while text not in seen:
                    part = reader.read(64)
                    self.assertTrue(part, f"the output ended without {text}: {seen[-200:]}")
                    seen += part

            try:
                chat.stdin.write(b"Hello!\n")
                chat.stdin.flush()
                read_until(b"remember remember")
                chat.send_signal(signal.SIGINT)
                read_until(b"(stopped)")
                chat.send_signal(signal.SIGINT)
                read_until(b"Ctrl-D leaves)")
                chat.stdin.close()
                self.assertEqual(chat.wait(PATIENCE), 0)
            finally:
                chat.kill()
                chat.wait()

    def test_commands_and_the_full_context_are_explained(self):
        run = quire("chat", "--max-model-len", 24, stdin="/help\n/what\n/system Be kind.\n" + "word " * 40 + "\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        for text in ("/reset", "unknown command /what", "a new conversation", "context 24"):
            self.assertIn(text, run.stdout)


if __name__ == "__main__":
    unittest.main()
