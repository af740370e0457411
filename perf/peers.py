"""The two programs that compare_llama.py runs: how each is asked for prefill and decode rates, and how each serves."""
import contextlib
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import stream_client

PATIENCE = 3600  # seconds for one measurement


class PeerError(Exception):
    pass


def output_of(command) -> str:
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE)
    if run.returncode:
        raise PeerError(f"{' '.join(map(str, command))}: exit {run.returncode}\n{run.stderr[-2000:]}")
    return run.stdout


def status_of(port, path) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextlib.contextmanager
def running(command, ready):
    """The command as a background process; gives what ready() gave once that is something."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + PATIENCE
            while not (found := ready()):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise PeerError(f"{' '.join(map(str, command))}: no server\n{log.read()[-2000:]}")
                time.sleep(0.05)
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Quire:
    name = "quire"

    def __init__(self, binary, model, threads):
        self._binary, self._model, self._threads = binary, model, threads

    def _step(self, *options) -> float:
        with tempfile.TemporaryDirectory() as folder:
            result = pathlib.Path(folder, "step.json")
            output_of([self._binary, "bench", "step", self._model, "--threads", self._threads, "--runs", 3, "--no-progress",
                       "--json", result, *options])
            return json.loads(result.read_text())["steps"][0]["tokens_per_s"]

    def prefill(self, tokens) -> float:
        return self._step("--prefill", tokens, "--sequences", "none")

    def decode(self, sequences, context, steps) -> float:
        """Tokens per second of all sequences; the context is that of the middle of `steps` steps."""
        return self._step("--prefill", "none", "--sequences", sequences, "--contexts", context + steps // 2)

    @contextlib.contextmanager
    def serving(self, slots, tokens):
        with tempfile.TemporaryDirectory() as folder:
            port_file = pathlib.Path(folder, "port")
            command = [self._binary, "serve", self._model, "--threads", self._threads, "--port", 0, "--port-file", port_file,
                       "--max-num-seqs", slots, "--max-model-len", tokens]
            with running(command, lambda: int(port_file.read_text()) if port_file.exists() else 0) as port:
                yield port


class Llama:
    name = "llama.cpp"

    def __init__(self, folder, model, threads, unified=False):
        self._folder, self._model, self._threads = folder, model, threads
        self._unified = unified
        if unified:
            self.name = "llama.cpp -kvu"

    def _bench(self, *options) -> float:
        rows = json.loads(output_of([self._folder / "llama-bench", "-m", self._model, "-t", self._threads, "-r", 1,
                                     "-o", "json", *options]))
        return rows[0]["avg_ts"]

    def prefill(self, tokens) -> float:
        return self._bench("-p", tokens, "-n", 0)

    def decode(self, sequences, context, steps) -> float:
        if sequences == 1:
            return self._bench("-p", 0, "-n", steps, "-d", context)
        text = output_of([self._folder / "llama-batched-bench", "-m", self._model, "-t", self._threads, "-tb", self._threads,
                          "-c", sequences * (context + steps), "-npp", context, "-ntg", steps, "-npl", sequences,
                          "--output-format", "jsonl"])
        rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        if not rows:
            raise PeerError("llama-batched-bench printed no figures")
        return rows[0]["speed_tg"]

    @contextlib.contextmanager
    def serving(self, slots, tokens):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [self._folder / "llama-server", "-m", self._model, "-t", self._threads, "-tb", self._threads, "-np", slots,
                   "-c", slots * tokens, "-kvu" if self._unified else "-no-kvu", "--host", "127.0.0.1", "--port", port,
                   "--offline", "--no-ui"]
        with running(command, lambda: port if status_of(port, "/health") == 200 else 0):
            yield port


def model_of(port) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/v1/models")
        return json.loads(connection.getresponse().read())["data"][0]["id"]


def closed_loop(quire, port, clients, requests, seed):
    """`clients` streams of 128 tokens in and 64 out, through `quire bench serve` whoever serves."""
    with tempfile.TemporaryDirectory() as folder:
        output_of([quire, "bench", "serve", "--base-url", f"http://127.0.0.1:{port}", "--max-concurrency", clients,
                   "--num-prompts", requests, "--num-warmups", 2, "--random-input-len", 128, "--random-output-len", 64,
                   "--ignore-eos", "--seed", seed, "--save-result", "--result-dir", folder, "--result-filename", "r.json",
                   "--no-progress"])
        report = json.loads(pathlib.Path(folder, "r.json").read_text())
    if report["failed"]:
        raise PeerError(f"{report['failed']} requests failed")
    return {"in + out": report["total_token_throughput"], "TTFT p50": report["median_ttft_ms"]}


def shared_prefix(port, vocab, seed):
    return stream_client.shared_prefix(port, model_of(port), vocab, seed)


def long_prompt_stall(port, vocab, seed):
    return stream_client.long_prompt_stall(port, model_of(port), vocab, seed)
