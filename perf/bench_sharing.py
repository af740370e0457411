#!/usr/bin/env python3
"""What prefix sharing pays: time to first token with a cold and a warm 1,024-token prefix, and the rows
computed for 16 equal prompts that arrive together.

Usage: bench_sharing.py [--quire BINARY] [--model FOLDER] [--format bf16|affine4|affine8] [--runs N]
Without --model, a random llama of 103 M parameters is made (make_random_model.py) and removed.
Prints every figure with its spread, the machine, the device, and whether the two claims hold:
warm is at least 10 times faster than cold, and 16 equal prompts cost at most 1.25 prefills.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import platform
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREFIX, SUFFIX, EQUAL = 1024, 8, 16
FIRST_ID, LAST_ID = 300, 1500  # ordinary tokens of the demo tokenizer: no special ones, no single bytes


@contextlib.contextmanager
def serving(args, model):
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = pathlib.Path(folder, "port"), pathlib.Path(folder, "log")
        with log.open("w") as out:
            process = subprocess.Popen([args.quire, "serve", str(model), "--port", "0", "--port-file", str(port_file),
                                        "--max-model-len", "4096", "--threads", str(args.threads)],
                                       stdout=out, stderr=subprocess.STDOUT)
        try:
            while not port_file.exists():
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.05)
            time.sleep(0.2)
            print(re.search(r"quire is ready: .*", log.read_text()).group(0))
            yield int(port_file.read_text())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def first_token_seconds(port, prompt):
    """Until the first event of a streamed answer of one token."""
    body = json.dumps({"prompt": prompt, "max_tokens": 1, "temperature": 0, "stream": True, "ignore_eos": True})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    with contextlib.closing(connection):
        connection.connect()
        start = time.perf_counter()
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        if reply.status != 200:
            sys.exit(f"status {reply.status}: {reply.read().decode()}")
        while not reply.readline().startswith(b"data: {"):
            pass
        seconds = time.perf_counter() - start
        reply.read()
        return seconds


def computed_tokens(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    return float(re.search(r"^vllm:iteration_tokens_total_sum\S* (\S+)$", text, re.M).group(1))


def spread(label, values, unit, scale):
    values = sorted(value * scale for value in values)
    print(f"{label:<44} median {statistics.median(values):9.2f} {unit}   min {values[0]:.2f}  max {values[-1]:.2f}  "
          f"({len(values)} runs)")
    return statistics.median(values)


def measure(port, runs):
    rng = random.Random(3)

    def ids(count):
        return [rng.randint(FIRST_ID, LAST_ID) for _ in range(count)]

    first_token_seconds(port, ids(64))  # the first step of a process touches its memory
    cold, warm, equal = [], [], []
    for _ in range(runs):
        prefix = ids(PREFIX)
        cold.append(first_token_seconds(port, prefix + ids(SUFFIX)))
        warm.append(first_token_seconds(port, prefix + ids(SUFFIX)))
        prompt = ids(PREFIX + SUFFIX)
        before = computed_tokens(port)
        with concurrent.futures.ThreadPoolExecutor(EQUAL) as pool:
            list(pool.map(lambda _: first_token_seconds(port, prompt), range(EQUAL)))
        equal.append((computed_tokens(port) - before) / len(prompt))
    cold_ms = spread(f"TTFT, {PREFIX} + {SUFFIX} tokens, cold", cold, "ms", 1e3)
    warm_ms = spread("TTFT, the prefix shared, warm", warm, "ms", 1e3)
    prefills = spread(f"{EQUAL} equal prompts at once, computed", equal, "prefills", 1)
    return cold_ms / warm_ms, prefills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quire", default=str(ROOT / "build/release/bin/quire"))
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--format", default="bf16", choices=["bf16", "affine4", "affine8"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"{platform.machine()}, {cpu.group(1) if cpu else '?'}, {len(os.sched_getaffinity(0))} cores; "
          f"{subprocess.run([args.quire, '--version'], capture_output=True, text=True, check=True).stdout.strip()}")
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model
        if model is None:
            model = pathlib.Path(scratch, "random-llama")
            subprocess.run([sys.executable, str(ROOT / "perf/make_random_model.py"), str(model), "--format",
                            args.format], check=True)
        with serving(args, model) as port:
            ratio, prefills = measure(port, args.runs)
    print(f"warm is {ratio:.1f} times faster than cold: {'holds' if ratio >= 10 else 'does NOT hold'} (10 claimed)")
    print(f"{EQUAL} equal prompts cost {prefills:.2f} prefills: {'holds' if prefills <= 1.25 else 'does NOT hold'} "
          "(about one claimed)")


if __name__ == "__main__":
    main()
