#!/usr/bin/env python3
"""Fails on an include that points upward, sideways into a private folder, or out of quarantine.

The arrow is kernels <- engine <- scheduler <- server <- tools. A layer includes its own files and the
headers that lie directly in the folder of a lower layer. Vendor headers stay where VENDOR says.
Usage: check_layers.py [ROOT]
"""
import pathlib
import re
import sys

LAYERS = ["kernels", "engine", "scheduler", "server", "tools"]
VENDOR = [  # (include pattern, path prefixes that may use it)
    (r"(CL/|clblast)", ["kernels/opencl/"]),
    (r"(tbb/|oneapi/)", ["kernels/cpu/"]),
    (r"(immintrin|x86intrin|arm_neon)", ["kernels/cpu/", "tools/demo_model/kernels/"]),  # the latter: training only
    (r"boost/", ["server/", "tools/"]),
    (r"nlohmann/(?!json_fwd)", ["engine/", "server/", "tools/"]),
    (r"prometheus/", ["server/"]),
    (r"CLI/", ["tools/"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def problems(root: pathlib.Path):
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".inc"}:
                continue
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".h" and "#pragma once" not in text:
                yield f"{name}: header without #pragma once"
            for _, target in INCLUDE.findall(text):
                for pattern, allowed in VENDOR:
                    if re.match(pattern, target) and not any(name.startswith(a) for a in allowed):
                        yield f"{name}: {target} belongs only in {', '.join(allowed)}"
                parts = target.split("/")
                if parts[0] not in LAYERS:
                    continue
                if LAYERS.index(parts[0]) > LAYERS.index(layer):
                    yield f"{name}: upward include of {target}"
                elif parts[0] != layer and len(parts) != 2:
                    yield f"{name}: {target} is private to {parts[0]}"
                elif not (root / target).exists():
                    yield f"{name}: {target} does not exist"


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(problems(root))
    for line in found:
        print(line)
    print(f"{len(found)} layer violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
