#!/usr/bin/env python3
"""Runs the client suite against a `quire` binary: makes a virtual environment once, then pytest in it.

Usage: run.py QUIRE_BINARY ENVIRONMENT_FOLDER    (QUIRE_TEST_DEVICE=opencl: the server's --device)
Exit status 77 means skipped: the packages could not be had (the reason is printed).
"""
import hashlib
import os
import pathlib
import subprocess
import sys

SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def skip(why: str, output: str) -> int:
    tail = "\n".join(output.strip().splitlines()[-5:])
    print(f"skipped: {why}\n{tail}")
    return SKIPPED


def make_environment(folder: pathlib.Path) -> int:
    """0 when `folder` holds an environment with exactly the pinned packages."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = folder / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    steps = [
        ("python3 cannot make a virtual environment", [sys.executable, "-m", "venv", "--clear", str(folder)]),
        ("the packages of requirements.txt cannot be fetched",
         [str(folder / "bin/pip"), "install", "--quiet", "--retries", "1", "--requirement", str(REQUIREMENTS)]),
    ]
    for why, command in steps:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return skip(why, done.stdout + done.stderr)
    stamp.write_text(wanted)
    return 0


def main() -> int:
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    missing = make_environment(folder)
    if missing:
        return missing
    device = os.environ.get("QUIRE_TEST_DEVICE", "cpu")
    if device.startswith("opencl"):
        listed = subprocess.run([binary, "devices"], capture_output=True, text=True).stdout
        if "opencl:0" not in listed:
            return skip("no OpenCL device", listed)
    environment = {**os.environ, "QUIRE_BINARY": binary, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(folder / "bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE)]
    return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
