"""Servers for the suite: `quire serve` on the embedded model and on a port of its own choice."""
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import openai
import pytest

PATIENCE_S = 120


class Server:
    def __init__(self, process, port):
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def client(self, **options):
        return openai.OpenAI(**{"base_url": self.url + "/v1", "api_key": "key-1", "max_retries": 0, **options})

    def async_client(self, **options):
        return openai.AsyncOpenAI(**{"base_url": self.url + "/v1", "api_key": "key-1", "max_retries": 0, **options})


@contextlib.contextmanager
def serving(*options):
    with tempfile.TemporaryDirectory() as folder:
        port_file = pathlib.Path(folder, "port")
        command = [os.environ["QUIRE_BINARY"], "serve", "--port", "0", "--port-file", str(port_file),
                   "--kv-cache-memory", "64MiB", "--log-level", "warn",
                   "--device", os.environ.get("QUIRE_TEST_DEVICE", "cpu"), *map(str, options)]
        process = subprocess.Popen(command)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not port_file.exists():
                assert process.poll() is None, "quire serve ended before it was ready"
                assert time.monotonic() < deadline, "quire serve is not ready"
                time.sleep(0.02)
            yield Server(process, int(port_file.read_text()))
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


@pytest.fixture(scope="session")
def server():
    with serving("--api-key", "key-1", "--api-key", "key-2", "--cors-origin", "http://page.example") as running:
        yield running


@pytest.fixture(scope="session")
def tiny_server():
    """One request runs, one waits: the next is one too many."""
    with serving("--max-num-seqs", 1, "--max-queued-requests", 1) as running:
        yield running


@pytest.fixture
def client(server):
    return server.client()
