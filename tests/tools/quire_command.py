"""Running the `quire` binary in tests: once to its end, or as a server on a free port."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

QUIRE = os.environ["QUIRE_BINARY"]
SOURCE = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"])
SHARED = pathlib.Path(os.environ["QUIRE_SHARED_DATA"])
PATIENCE = 240  # seconds; sanitizer builds on a busy machine are slow


def quire(*arguments, stdin="", env=None):
    """The finished process, with stdout and stderr as text."""
    return subprocess.run([QUIRE, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, env={**os.environ, **(env or {})})


class Server:
    """A running `quire serve`."""

    def __init__(self, process, port, log):
        self.process, self.port, self._log = process, port, log

    def call(self, method, path, body=None, headers=None):
        """(status, parsed JSON or text)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
            reply = connection.getresponse()
            raw = reply.read().decode()
            return reply.status, json.loads(raw) if raw.startswith("{") else raw

    def log(self):
        return pathlib.Path(self._log).read_text()

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def serving(*arguments, env=None):
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = pathlib.Path(folder, "port"), pathlib.Path(folder, "log")
        with log.open("w") as out:
            process = subprocess.Popen([QUIRE, "serve", "--port", "0", "--port-file", str(port_file),
                                        *map(str, arguments)], stdout=out, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        try:
            deadline = time.monotonic() + PATIENCE
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError("no server: " + log.read_text())
                time.sleep(0.02)
            yield Server(process, int(port_file.read_text()), log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
