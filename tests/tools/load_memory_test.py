#!/usr/bin/env python3
"""The peak of resident memory while a model is loaded: at most 1.15 times its weights, beside what the program itself
takes (measured with the small embedded model)."""
import os
import pathlib
import subprocess
import sys
import tempfile

QUIRE = os.environ["QUIRE_BINARY"]
SOURCE = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"])
SMALLEST = ["--prompt-ids", "5,6,7", "--max-tokens", "1", "--max-model-len", "64", "--num-kv-blocks", "8",
            "--max-num-batched-tokens", "16"]


def peak_bytes(*model: str) -> int:
    process = subprocess.Popen([QUIRE, "generate", *model, *SMALLEST], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"quire generate {model} failed: {errors.decode()}")
    return usage.ru_maxrss * 1024


def main() -> None:
    program = peak_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for form in ("affine4", "bf16"):
            model = f"{folder}/{form}"
            subprocess.run([sys.executable, SOURCE / "perf/make_random_model.py", model, "--shape", "llama-103m",
                            "--format", form, "--quiet"], check=True, stdout=subprocess.DEVNULL)
            weights = os.path.getsize(f"{model}/model.safetensors")
            peak = peak_bytes(model)
            print(f"{form}: weights {weights / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB, program {program / 1e6:.0f} MB")
            if peak > 1.15 * weights + program:
                sys.exit(f"{form}: loading takes {peak} bytes, more than 1.15 x {weights} + {program}")


if __name__ == "__main__":
    main()
