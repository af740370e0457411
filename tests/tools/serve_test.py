"""`quire serve` and `quire bench serve` as processes: start, options, load, drain."""
import json
import pathlib
import signal
import socket
import tempfile
import time
import unittest

from quire_command import PATIENCE, SHARED, quire, serving


class Serve(unittest.TestCase):
    def streaming(self, server, **fields):
        """A socket on which a streamed request was sent."""
        body = json.dumps({"prompt": [5, 6, 7], "ignore_eos": True, "stream": True, "seed": 1, **fields})
        connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        connection.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return connection

    def test_without_a_model_it_serves_the_embedded_one_and_drains_on_sigterm(self):
        with serving() as server:
            status, models = server.call("GET", "/v1/models")
            self.assertEqual(status, 200)
            self.assertEqual(models["data"][0]["id"], "quire-demo")
            status, answer = server.call("POST", "/v1/chat/completions", {
                "messages": [{"role": "user", "content": "Hello!"}], "temperature": 0})
            self.assertEqual(status, 200, answer)
            self.assertTrue(answer["choices"][0]["message"]["content"])
            self.assertEqual(server.stop(), 0)
            log = server.log()
            self.assertRegex(log, rf"quire is ready: http://127\.0\.0\.1:{server.port} \(model quire-demo, ")
            for use in ("weights", "KV cache", "workspace", "full contexts"):
                self.assertIn(use, log)

    def test_running_answers_end_before_a_drain_does(self):
        with serving() as server, self.streaming(server, max_tokens=400) as connection:
            received = connection.recv(200)
            self.assertIn(b"200", received.split(b"\r\n")[0])
            self.assertEqual(server.stop(), 0)
            while part := connection.recv(65536):
                received += part
            self.assertIn(b"data: [DONE]", received)

    def test_a_second_signal_stops_at_once(self):
        with serving() as server, self.streaming(server, max_tokens=1000, n=16) as connection:
            connection.recv(200)
            server.process.send_signal(signal.SIGINT)
            while "draining" not in server.log():
                time.sleep(0.02)
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_keys_come_from_the_option_or_the_environment(self):
        for arguments, env in ((["--api-key", "one", "--api-key", "two"], {}), ([], {"QUIRE_API_KEY": "two"})):
            with serving(*arguments, env=env) as server:
                self.assertEqual(server.call("GET", "/v1/models")[0], 401)
                self.assertEqual(server.call("GET", "/v1/models", headers={"Authorization": "Bearer two"})[0], 200)

    def test_names_and_limits_reach_the_server(self):
        with serving("--served-model-name", "a", "--served-model-name", "b", "--max-model-len", 64, "--max-body-size", "4KiB",
                     "--default-temperature", 0, "--default-max-tokens", 3) as server:
            self.assertEqual([m["id"] for m in server.call("GET", "/v1/models")[1]["data"]], ["a", "b"])
            status, answer = server.call("POST", "/v1/completions", {"model": "b", "prompt": "Once"})
            self.assertEqual((status, answer["usage"]["completion_tokens"]), (200, 3))
            self.assertEqual(server.call("POST", "/v1/completions", {"model": "b", "prompt": [5] * 65})[0], 400)
            self.assertEqual(server.call("POST", "/v1/completions", {"model": "b", "prompt": "x" * 5000})[0], 413)

    def test_what_cannot_start_says_so_in_one_line(self):
        with serving() as server:
            run = quire("serve", "--port", server.port)
            self.assertEqual(run.returncode, 1)
            self.assertIn(str(server.port), run.stderr.splitlines()[-1])
        with tempfile.TemporaryDirectory() as folder:
            run = quire("serve", folder)
            self.assertEqual(run.returncode, 1)
            self.assertRegex(run.stderr.splitlines()[-1], f"^quire: {folder}: has no file ")

    @unittest.skipUnless((SHARED / "models").is_dir(), f"{SHARED}/models is absent")
    def test_trained_models_give_their_goldens_over_http(self):
        for name in ("stories260K", "stories3M"):
            goldens = json.loads((SHARED / f"models/goldens/{name}.greedy.json").read_text())["greedy"]
            with serving(SHARED / "models" / name) as server:
                for golden in goldens:
                    status, answer = server.call("POST", "/v1/completions", {
                        "prompt": golden["prompt_ids"], "max_tokens": len(golden["greedy_ids"]), "temperature": 0,
                        "logprobs": 0, "ignore_eos": True})
                    self.assertEqual(status, 200, answer)
                    found = answer["choices"][0]["logprobs"]["token_logprobs"]
                    self.assertEqual(len(found), len(golden["greedy_logprobs"]))
                    for a, b in zip(found, golden["greedy_logprobs"]):
                        self.assertAlmostEqual(a, b, delta=1e-4)


class Bench(unittest.TestCase):
    FIELDS = ("date endpoint_type backend label model_id tokenizer_id num_prompts request_rate burstiness max_concurrency "
              "duration completed failed total_input_tokens total_output_tokens request_throughput request_goodput "
              "output_throughput total_token_throughput max_output_tokens_per_s max_concurrent_requests").split()
    DETAILS = "input_lens output_lens ttfts itls start_times generated_texts errors".split()

    def bench(self, server, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            run = quire("bench", "serve", "--base-url", f"http://127.0.0.1:{server.port}", "--save-detailed",
                        "--result-dir", folder, "--result-filename", "out.json", "--ignore-eos", *arguments)
            result = json.loads(pathlib.Path(folder, "out.json").read_text())
        return run, result

    def test_results_have_vllms_fields_and_count_what_was_asked(self):
        with serving() as server:
            for dataset in (["--random-input-len", 40, "--random-output-len", 7, "--random-prefix-len", 16],
                            ["--dataset", "prefix_repetition", "--prefix-repetition-prefix-len", 32,
                             "--prefix-repetition-suffix-len", 24, "--prefix-repetition-num-prefixes", 2,
                             "--prefix-repetition-output-len", 7]):
                run, result = self.bench(server, "--num-prompts", 9, "--max-concurrency", 4, "--num-warmups", 2,
                                         "--metric-percentiles", "50,99.9", *dataset)
                self.assertEqual(run.returncode, 0, run.stderr)
                for field in self.FIELDS + self.DETAILS:
                    self.assertIn(field, result)
                for metric in ("ttft", "tpot", "itl", "e2el"):
                    for figure in ("mean", "median", "std", "p50", "p99.9"):
                        self.assertGreaterEqual(result[f"{figure}_{metric}_ms"], 0)
                    self.assertEqual(result[f"median_{metric}_ms"], result[f"p50_{metric}_ms"])
                self.assertEqual((result["completed"], result["failed"]), (9, 0))
                self.assertEqual(result["total_input_tokens"], 9 * 56)
                self.assertEqual(result["total_output_tokens"], 9 * 7)
                self.assertLessEqual(result["max_concurrent_requests"], 9)
                self.assertEqual(result["model_id"], "quire-demo")
                self.assertGreater(result["mean_e2el_ms"], result["mean_ttft_ms"])

    def test_chat_endpoints_are_measured_too(self):
        with serving() as server:
            run, result = self.bench(server, "--endpoint", "/v1/chat/completions", "--num-prompts", 3,
                                     "--random-input-len", 30, "--random-output-len", 5)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(result["backend"], "openai-chat")
            self.assertEqual(result["total_output_tokens"], 15)

    def test_failures_are_counted_and_shown(self):
        with serving("--max-model-len", 32) as server:
            run, result = self.bench(server, "--num-prompts", 2, "--random-input-len", 100, "--random-output-len", 5)
            self.assertEqual(run.returncode, 1)
            self.assertEqual((result["completed"], result["failed"]), (0, 2))
            self.assertIn("status 400", run.stderr)

    def test_no_server_and_no_such_address_are_told_in_one_line(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            run = quire("bench", "serve", "--base-url", f"http://127.0.0.1:{free.getsockname()[1]}")
            self.assertEqual(run.returncode, 1)
            self.assertIn("no answer from", run.stderr)
        run = quire("bench", "serve", "--base-url", "https://example")
        self.assertEqual(run.returncode, 1)
        self.assertIn("--base-url", run.stderr)


if __name__ == "__main__":
    unittest.main()
