#!/usr/bin/env python3
"""Sets steps on an OpenCL device (quire bench step --json) beside what the device can do (bench_opencl's output).

Usage: opencl_floors.py BENCH_OPENCL_OUTPUT STEPS.json [STEPS.json ...]
A step's floor: the weights and KV that it must read at the measured bandwidth, or its operations at the measured peak of
the arithmetic (affine weights: the faster of dot products and f32 multiply-adds; others: f32), whichever takes longer.
"""
import json
import pathlib
import re
import sys

FLOORS = re.compile(r"read ([\d.]+) GB/s, f32 multiply-adds ([\d.]+) Gflop/s, dot products ([\d.]+) Gop/s")


def read_floors(text: str):
    """(GB/s, f32 Gop/s, Gop/s of dot products)"""
    found = FLOORS.search(text)
    if not found:
        raise ValueError("no line of floors in the output of bench_opencl")
    return tuple(float(value) for value in found.groups())


def lines(report, floors):
    """One line per step of a report."""
    bandwidth, multiply_adds, dots = floors
    peak = max(multiply_adds, dots) if "affine" in report["model"]["weights"] else multiply_adds
    for step in report["steps"]:
        read = (step["weight_bytes"] + step["kv_bytes"]) / bandwidth * 1e-6
        compute = step["operations"] / peak * 1e-6
        floor, ms = max(read, compute), step["ms"]["median"]
        by = "bytes" if read >= compute else "operations"
        yield f"{step['case']:<20} {ms:>10.2f} {step['tokens_per_s']:>10.1f} {floor:>10.2f} {by:<10} {floor / ms:>6.1%}"


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        floors = read_floors(pathlib.Path(sys.argv[1]).read_text())
        for path in map(pathlib.Path, sys.argv[2:]):
            report = json.loads(path.read_text())
            print(f"{report['model']['name']}, {report['model']['weights']}, {report['device']}")
            print(f"{'step':<20} {'ms':>10} {'tok/s':>10} {'floor ms':>10} {'set by':<10} {'share':>6}")
            print("\n".join(lines(report, floors)))
    except (OSError, ValueError, KeyError) as error:
        print(f"opencl_floors: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
