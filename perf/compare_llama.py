#!/usr/bin/env python3
"""Runs a llama.cpp and quire in turn, A B A B, on random weights of the same shapes and bits, and prints the ratios.

Usage: compare_llama.py --llama-bin DIR [--quire BINARY] [--shapes qwen3-0.6b,...] [--bits 4,8,16] [--loads ...] [--runs 5]
DIR holds llama-bench, llama-batched-bench and llama-server. Models are made on first use (make_random_model.py,
make_random_gguf.py) and kept in --models. Bits: 4 = our affine 4-bit g64 against Q4_0, 8 = affine 8-bit g64 against Q8_0,
16 = bf16 against BF16. A ratio says how many times better quire is (rates up, times down): the median of the rounds, and
its least and greatest. llama-server runs with split and with unified KV; the one with the better median counts.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys

import big_file
import make_random_gguf
import make_random_model
import peers
from model_shapes import SHAPES, positive

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORMATS = {"4": ("affine4", "q4_0"), "8": ("affine8", "q8_0"), "16": ("bf16", "bf16")}
STEPS = 32  # decode steps behind a context of 128
# name: rate of one peer
DIRECT = {"prefill 512": lambda peer: peer.prefill(512),
          "decode 1": lambda peer: peer.decode(1, 128, STEPS),
          "decode 8": lambda peer: peer.decode(8, 128, STEPS),
          "decode 16": lambda peer: peer.decode(16, 128, STEPS),
          "decode 32": lambda peer: peer.decode(32, 128, STEPS),
          "decode 1 at 4k": lambda peer: peer.decode(1, 4096, 16)}
CLIENTS = {"serve 5": 5, "serve 16": 16, "serve 32": 32}
SERVING = [*CLIENTS, "prefix", "stall"]
UNITS = {"tok/s": 1, "in + out": 1}  # figures of which more is better; all others are times in ms


def unit_of(figure: str) -> str:
    return "tok/s" if figure in UNITS else "ms"


def ratio(figure: str, llama: float, quire: float) -> float:
    """How many times better quire is."""
    return quire / llama if figure in UNITS else llama / quire


def measure_serving(args, peer, load, vocab, seed):
    if load in CLIENTS:
        clients = CLIENTS[load]
        with peer.serving(slots=32, tokens=512) as port:
            return peers.closed_loop(args.quire, port, clients, clients * args.requests_per_client, seed)
    with peer.serving(slots=16, tokens=2048) as port:
        if load == "prefix":
            return peers.shared_prefix(port, vocab, seed)
        return peers.long_prompt_stall(port, vocab, seed)


def measure(args, peer, load, vocab, seed):
    """{figure: value} of one peer."""
    if load in DIRECT:
        return {"tok/s": DIRECT[load](peer)}
    return measure_serving(args, peer, load, vocab, seed)


def make_models(args, shape_name, bits):
    ours, theirs = FORMATS[bits]
    shape = SHAPES[shape_name]
    folder = args.models / f"{shape_name}-{ours}"
    gguf = args.models / f"{shape_name}-{theirs}.gguf"
    if not (folder / "model.safetensors").exists():
        make_random_model.make(folder, shape, ours)
    if not gguf.exists():
        make_random_gguf.make(gguf, shape, theirs)
    return folder, gguf


def peers_for(args, load, folder, gguf):
    quire = peers.Quire(args.quire, folder, args.threads)
    if load in DIRECT:
        return [peers.Llama(args.llama_bin, gguf, args.threads), quire]
    return [peers.Llama(args.llama_bin, gguf, args.threads, unified=mode == "unified") for mode in args.llama_kv] + [quire]


def run_rounds(args, results) -> None:
    """results: {(shape, bits, load, figure): {peer: [a value per round]}}, saved after every round."""
    models = {(s, b): make_models(args, s, b) for s in args.shapes for b in args.bits}
    total = args.runs * len(models) * sum(len(peers_for(args, load, *next(iter(models.values())))) for load in args.loads)
    done = 0
    for round_number in range(args.runs):
        for (shape, bits), (folder, gguf) in models.items():
            for index, load in enumerate(args.loads):
                for peer in peers_for(args, load, folder, gguf):
                    figures = measure(args, peer, load, SHAPES[shape].vocab, seed=round_number * 100 + index)
                    done += 1
                    for figure, value in figures.items():
                        results.setdefault((shape, bits, load, figure), {}).setdefault(peer.name, []).append(value)
                    text = ", ".join(f"{figure} {value:.1f} {unit_of(figure)}" if figure != "tok/s" else f"{value:.1f} tok/s"
                                     for figure, value in figures.items())
                    print(f"[{done}/{total}] {shape} {bits}-bit {load}, {peer.name}: {text}", file=sys.stderr, flush=True)
        if args.json:
            save(args, results)


def better_mode(figure: str, by_peer: dict) -> str:
    """Of llama.cpp's ways to keep KV, the one with the better median."""
    names = [name for name in by_peer if name.startswith("llama")]
    key = lambda name: statistics.median(by_peer[name])
    return max(names, key=key) if figure in UNITS else min(names, key=key)


def spread(values) -> str:
    digits = 2 if max(values) < 10 else 1 if max(values) < 1000 else 0
    low, mid, high = min(values), statistics.median(values), max(values)
    return f"{mid:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def table(results) -> str:
    lines = ["| model | load | figure | llama.cpp | quire | quire is better by |", "|---|---|---|---|---|---|"]
    for (shape, bits, load, figure), by_peer in results.items():
        mode = better_mode(figure, by_peer)
        theirs, ours = by_peer[mode], by_peer["quire"]
        ratios = [ratio(figure, a, b) for a, b in zip(theirs, ours)]
        kv = "" if load in DIRECT else " unified" if mode.endswith("-kvu") else " split"
        name = f"{figure} ms" if unit_of(figure) == "ms" else figure if figure == "tok/s" else f"{figure} tok/s"
        lines.append(f"| {shape} {bits}-bit | {load} | {name} | {spread(theirs)}{kv} | {spread(ours)} | {spread(ratios)} x |")
    return "\n".join(lines)


def save(args, results) -> None:
    rows = [{"shape": s, "bits": b, "load": load, "figure": f, "unit": unit_of(f), "values": by_peer}
            for (s, b, load, f), by_peer in results.items()]
    args.json.write_text(json.dumps({"conditions": conditions(args), "rows": rows}, indent=1) + "\n")


def conditions(args) -> dict:
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    device = next((line for line in peers.output_of([args.quire, "devices"]).splitlines() if line.startswith("*")), "?")
    version = subprocess.run([args.llama_bin / "llama-server", "--version"], capture_output=True, text=True)
    return {"machine": f"{cpu.group(1) if cpu else '?'}, {len(os.sched_getaffinity(0))} cores", "threads": args.threads,
            "quire": f"{peers.output_of([args.quire, '--version']).strip()}, {device.split()[1]}",
            "llama.cpp": " ".join((version.stdout + version.stderr).split()), "rounds": args.runs}


def choices(known, text):
    chosen = text.split(",")
    for name in chosen:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is none of: {', '.join(known)}")
    return chosen


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog=__doc__.split("\n", 3)[3],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    loads = [*DIRECT, *SERVING]
    parser.add_argument("--llama-bin", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--quire", type=pathlib.Path, default=ROOT / "build/release/bin/quire")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/random-models", help="default %(default)s")
    parser.add_argument("--shapes", type=lambda t: choices(SHAPES, t), default=["llama-3.2-1b", "qwen3-0.6b"],
                        help=f"of {', '.join(SHAPES)}; default llama-3.2-1b,qwen3-0.6b")
    parser.add_argument("--bits", type=lambda t: choices(FORMATS, t), default=["4", "8", "16"], help="default 4,8,16")
    parser.add_argument("--loads", type=lambda t: choices(loads, t), default=loads, help=f"of {', '.join(loads)}; default all")
    parser.add_argument("--llama-kv", type=lambda t: choices(["split", "unified"], t), default=["split", "unified"],
                        help="llama-server's KV cache; default split,unified")
    parser.add_argument("--runs", type=positive, default=5, help="rounds; default 5")
    parser.add_argument("--requests-per-client", type=positive, default=2, help="of the serve loads; default 2")
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)), help="default: every core")
    parser.add_argument("--json", type=pathlib.Path, help="file for every value")
    args = parser.parse_args()
    for name in ("llama-bench", "llama-batched-bench", "llama-server"):
        if not os.access(args.llama_bin / name, os.X_OK):
            parser.error(f"--llama-bin {args.llama_bin}: no program {name} in it")
    if not os.access(args.quire, os.X_OK):
        parser.error(f"--quire {args.quire}: no such program")
    return args


def main() -> int:
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and benchmarks end with it
    results = {}
    try:
        print("\n".join(f"{key}: {value}" for key, value in conditions(args).items()), flush=True)
        run_rounds(args, results)
    except (peers.PeerError, big_file.NoSpace, RuntimeError, OSError) as error:
        print(f"compare_llama.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        complete = {key: by_peer for key, by_peer in results.items() if "quire" in by_peer}
        if complete:
            print(table(complete))
    return 0


if __name__ == "__main__":
    sys.exit(main())
