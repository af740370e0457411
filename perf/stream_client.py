"""Streaming clients of /v1/completions with prompts of token ids, for loads that `quire bench serve` has no words for:
a prefix that many share, and a long prompt that arrives while others stream."""
import http.client
import json
import random
import statistics
import threading
import time

FIRST_ID = 239  # of random_vocabulary's placeholder words
TIMEOUT = 1800  # seconds of silence


class Stream(threading.Thread):
    """One request; `arrivals` grows with the times of events that carry a choice. Starts at once."""

    def __init__(self, port, model, prompt, max_tokens):
        super().__init__(daemon=True)
        self.arrivals, self.error, self._abandoned = [], None, threading.Event()
        self._port = port
        self._body = json.dumps({"model": model, "prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "stream": True,
                                 "ignore_eos": True})
        self.sent = time.perf_counter()
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            connection.request("POST", "/v1/completions", self._body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            if reply.status != 200:
                raise RuntimeError(f"status {reply.status}: {reply.read(500).decode(errors='replace')}")
            while not self._abandoned.is_set():
                line = reply.readline()
                if not line or line.startswith(b"data: [DONE]"):
                    break
                if line.startswith(b"data: {") and json.loads(line[6:]).get("choices"):
                    self.arrivals.append(time.perf_counter())
            if not self.arrivals:
                raise RuntimeError("an answer without tokens")
        except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
            self.error = str(error)
        finally:
            connection.close()

    def abandon(self):
        """Ends the request with its next token."""
        self._abandoned.set()

    def first_token(self) -> float:
        """Seconds until it; raises when the request failed."""
        self.join()
        if self.error:
            raise RuntimeError(self.error)
        return self.arrivals[0] - self.sent


def ids(rng: random.Random, count: int, vocab: int):
    return [rng.randrange(FIRST_ID, vocab) for _ in range(count)]


def shared_prefix(port, model, vocab, seed, clients=16, prefix=1024, own=32, out=32):
    """Median TTFT in ms of `clients` requests at once with one prefix: when nobody has computed it, and again."""
    rng = random.Random(seed)
    common = ids(rng, prefix, vocab)
    figures = []
    for _ in range(2):
        streams = [Stream(port, model, common + ids(rng, own, vocab), out) for _ in range(clients)]
        figures.append(statistics.median([s.first_token() for s in streams]) * 1e3)
    return {"TTFT p50 cold": figures[0], "TTFT p50 warm": figures[1]}


def long_prompt_stall(port, model, vocab, seed, streams=8, prompt=32, long_prompt=1400):
    """The longest pause in ms of `streams` running streams while a long prompt is computed."""
    rng = random.Random(seed)
    running = [Stream(port, model, ids(rng, prompt, vocab), 500) for _ in range(streams)]
    try:
        wait_for(running, lambda s: len(s.arrivals) >= 8)
        late = Stream(port, model, ids(rng, long_prompt, vocab), 1)
        first = late.first_token()
        answered = late.sent + first
        wait_for(running, lambda s: s.arrivals[-1] > answered)
    finally:
        for stream in running:
            stream.abandon()
    pause = max(longest_pause(s.arrivals, late.sent, answered) for s in running)
    for stream in running:
        stream.join()
    return {"longest pause": pause * 1e3, "TTFT of the long prompt": first * 1e3}


def wait_for(streams, condition):
    """Until every stream that still runs meets the condition."""
    for stream in streams:
        while stream.is_alive() and not (stream.arrivals and condition(stream)):
            time.sleep(0.002)
        if stream.error:
            raise RuntimeError(stream.error)


def longest_pause(arrivals, begin, end) -> float:
    """Between neighbours in time of which some part lies in [begin, end]."""
    pauses = [b - a for a, b in zip(arrivals, arrivals[1:]) if b > begin and a < end]
    return max(pauses, default=0.0)
