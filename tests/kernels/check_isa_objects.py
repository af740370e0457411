#!/usr/bin/env python3
"""Fails when the code of one ISA level could end up in the path of another.

Every symbol that an object of a level defines lies in that level's namespace (otherwise the linker may
keep its copy for everybody), and only levels with wide vectors or tiles use their registers.
Usage: check_isa_objects.py LEVEL OBJECT... [-- LEVEL OBJECT...]
"""
import re
import subprocess
import sys

WIDE = {"portable": set(), "avx2": {"ymm"}, "avx2vnni": {"ymm"}, "avx512": {"ymm", "zmm"},
        "avx512bf16": {"ymm", "zmm"}, "amx": {"tmm", "ymm", "zmm"}}


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def problems(level: str, objects: list[str]):
    used = set()
    for path in objects:
        for line in output_of("nm", "-C", "--defined-only", path).splitlines():
            kind, name = line.split(maxsplit=2)[1:] if line[:1].isalnum() else line.split(maxsplit=1)
            local = kind.islower() and kind not in "uvw"
            if not local and f"quire::kernels::{level}::" not in name:
                yield f"{path}: {name} is not in the namespace of {level}"
        used |= set(re.findall(r"%([txyz]mm)\d", output_of("objdump", "-d", path)))
    widest = "tmm" if level == "amx" else max(WIDE[level] | {"xmm"})
    if widest not in used:
        yield f"no object of {level} uses {widest} registers"
    for register in (used - {"xmm"}) - WIDE[level]:
        yield f"an object of {level} uses {register} registers"


def main() -> int:
    found, checked = [], 0
    arguments = sys.argv[1:]
    while arguments:
        end = arguments.index("--") if "--" in arguments else len(arguments)
        level, *objects = arguments[:end]
        arguments = arguments[end + 1:]
        checked += len(objects)
        found += problems(level, objects)
    print("\n".join(found + [f"{checked} objects, {len(found)} problems"]))
    return 1 if found or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
