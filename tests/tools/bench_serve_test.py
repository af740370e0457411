"""`quire bench serve` against a server that is not quire: llama-server's /tokenize, and none at all."""
import http.server
import json
import pathlib
import tempfile
import threading
import unittest

from quire_command import quire


class Other(http.server.BaseHTTPRequestHandler):
    """The endpoints a load needs. `content`: /tokenize takes that field, as llama-server's does."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, text, kind="application/json"):
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        self.reply(200, json.dumps({"data": [{"id": "other"}]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize" and self.server.tokenizes:
            words = body.get("content", "").split()
            return self.reply(200, json.dumps({"tokens": [1000 + i for i in range(len(words))]}))
        if self.path != "/v1/completions":
            return self.reply(404, "{}")
        self.server.prompts.append(body["prompt"])
        events = [{"choices": [{"text": "a"}]}, {"choices": [{"text": "b", "finish_reason": "length"}]},
                  {"choices": [], "usage": {"prompt_tokens": len(body["prompt"]), "completion_tokens": 2}}]
        return self.reply(200, "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n", "text/event-stream")


def load(tokenizes):
    """(finished process, prompts that arrived, report)"""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    server.tokenizes, server.prompts = tokenizes, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            run = quire("bench", "serve", "--base-url", f"http://127.0.0.1:{server.server_port}", "--num-prompts", 3,
                        "--max-concurrency", 2, "--random-input-len", 20, "--random-output-len", 2, "--save-result",
                        "--result-dir", folder, "--result-filename", "r.json", "--no-progress")
            report = json.loads(pathlib.Path(folder, "r.json").read_text()) if run.returncode == 0 else None
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return run, server.prompts, report


class OtherServers(unittest.TestCase):
    def test_prompts_are_ids_where_tokenize_takes_content(self):
        run, prompts, report = load(tokenizes=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("prompts of token ids", run.stderr)
        for prompt in prompts:
            self.assertEqual(len(prompt), 20)
            self.assertTrue(all(isinstance(id, int) and id >= 1000 for id in prompt))
        self.assertEqual(report["completed"], 3)
        self.assertEqual(report["total_input_tokens"], 60)

    def test_prompts_are_words_where_nothing_tokenizes(self):
        run, prompts, _ = load(tokenizes=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("the server has no /tokenize", run.stderr)
        self.assertEqual([len(prompt.split()) for prompt in prompts], [20, 20, 20])


if __name__ == "__main__":
    unittest.main()
