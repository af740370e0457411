"""Random model folders run in quire; random GGUF files are what the format says."""
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import make_random_gguf
import model_shapes
import random_vocabulary

PERF = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"], "perf")
TINY = model_shapes.SHAPES["tiny"]


def script(name, *arguments):
    return subprocess.run([sys.executable, "-B", PERF / name, *map(str, arguments)], capture_output=True, text=True, timeout=240)


def generate(folder):
    run = subprocess.run([os.environ["QUIRE_BINARY"], "generate", folder, "--prompt-ids", "250,251,252", "--max-tokens", "4",
                          "--ignore-eos", "--temperature", "0", "--json"], capture_output=True, text=True, timeout=240)
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr


class Gguf:
    """A reader of what the writer may write; every length is checked against the file."""
    SIZES = {4: 4, 5: 4, 6: 4, 7: 1}
    BLOCKS = {0: (4, 1), 1: (2, 1), 2: (18, 32), 8: (34, 32), 30: (2, 1)}

    def __init__(self, raw):
        self._raw, self._at = raw, 0
        magic, version, tensors, entries = self._unpack("<4sIQQ")
        assert (magic, version) == (b"GGUF", 3)
        self.metadata = {}
        for _ in range(entries):
            key = self._text()
            self.metadata[key] = self._value(*self._unpack("<I"))
        self.tensors = {}
        for _ in range(tensors):
            name = self._text()
            (count,) = self._unpack("<I")
            self.tensors[name] = (self._unpack(f"<{count}Q"), *self._unpack("<IQ"))
        self.data = self._at + -self._at % 32

    def _unpack(self, layout):
        values = struct.unpack_from(layout, self._raw, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _text(self):
        (size,) = self._unpack("<Q")
        self._at += size
        return self._raw[self._at - size:self._at].decode()

    def _value(self, kind):
        if kind == 8:
            return self._text()
        if kind == 9:
            item, count = self._unpack("<IQ")
            return [self._value(item) for _ in range(count)]
        return self._unpack({4: "<I", 5: "<i", 6: "<f", 7: "<?"}[kind])[0]

    def bytes_of(self, name):
        sizes, kind, _ = self.tensors[name]
        block_bytes, weights = self.BLOCKS[kind]
        assert sizes[0] % weights == 0
        return math.prod(sizes) // weights * block_bytes


class Folders(unittest.TestCase):
    def test_every_format_and_family_computes_finite_answers_of_plain_text(self):
        with tempfile.TemporaryDirectory() as scratch:
            for shape, kind in [("tiny", "bf16"), ("tiny", "affine4"), ("tiny", "affine8"), ("qwen3-0.6b", "affine4")]:
                folder = pathlib.Path(scratch, f"{shape}-{kind}")
                small = ["--layers=1", "--width=128", "--ffn=128", "--vocab=512"] if shape != "tiny" else []
                run = script("make_random_model.py", folder, "--shape", shape, "--format", kind, *small)
                self.assertEqual(run.returncode, 0, run.stderr)
                answer = generate(folder)
                self.assertIsInstance(answer, dict, answer)
                self.assertTrue(json.dumps(answer).isascii())

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self):
        with tempfile.TemporaryDirectory() as scratch:
            made = []
            for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
                script("make_random_model.py", pathlib.Path(scratch, name), "--shape=tiny", "--seed", seed, "--quiet")
                made.append(pathlib.Path(scratch, name, "model.safetensors").read_bytes())
        self.assertEqual(made[0], made[1])
        self.assertNotEqual(made[0], made[2])

    def test_known_shapes_have_the_known_numbers_of_parameters(self):
        known = {"llama-3.2-1b": 1_235_814_400, "qwen3-0.6b": 596_049_920, "llama-3.1-8b": 8_030_261_248}
        for name, count in known.items():
            self.assertEqual(model_shapes.parameters(model_shapes.SHAPES[name]), count)

    def test_shapes_that_cannot_be_are_refused_by_name(self):
        with tempfile.TemporaryDirectory() as scratch:
            for option, code in [("--heads=3", 2), ("--width=100", 2), ("--head-dim=7", 2), ("--layers=0", 2), ("--shape=x", 2),
                                 ("--format=q9", 2), ("--vocab=20", 1)]:
                run = script("make_random_model.py", pathlib.Path(scratch, "m"), "--shape=tiny", option)
                self.assertEqual(run.returncode, code, option)
                self.assertIn(option.split("=")[0].strip("-"), run.stderr)
                self.assertFalse(pathlib.Path(scratch, "m", "model.safetensors").exists())

    def test_a_disk_that_is_too_small_is_refused_before_the_work(self):
        with tempfile.TemporaryDirectory() as scratch:
            run = script("make_random_model.py", scratch, "--shape=llama-3.1-8b", "--ffn=640000000")
            self.assertEqual(run.returncode, 1)
            self.assertRegex(run.stderr, r"takes [\d.]+ GiB and [\d.]+ GiB are free")


class GgufFiles(unittest.TestCase):
    def test_every_format_is_laid_out_as_announced(self):
        with tempfile.TemporaryDirectory() as scratch:
            for kind in make_random_gguf.FORMATS:
                path = pathlib.Path(scratch, kind + ".gguf")
                make_random_gguf.make(path, TINY, kind, quiet=True)
                raw = path.read_bytes()
                gguf = Gguf(raw)
                end = 0
                for name, (sizes, number, offset) in gguf.tensors.items():
                    self.assertEqual(offset, end + -end % 32, name)
                    end = offset + gguf.bytes_of(name)
                    self.assertEqual(number, 0 if len(sizes) == 1 else make_random_gguf.FORMATS[kind][0])
                self.assertEqual(len(raw), gguf.data + end + -end % 32)

    def test_names_sizes_and_metadata_describe_the_shape(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "m.gguf")
            run = script("make_random_gguf.py", path, "--shape=qwen3-0.6b", "--layers=2", "--width=128", "--ffn=256", "--vocab=300")
            self.assertEqual(run.returncode, 0, run.stderr)
            gguf = Gguf(path.read_bytes())
        self.assertEqual(gguf.metadata["general.architecture"], "qwen3")
        self.assertEqual(gguf.metadata["qwen3.block_count"], 2)
        self.assertEqual(gguf.metadata["qwen3.attention.head_count_kv"], 8)
        self.assertEqual(gguf.metadata["tokenizer.ggml.tokens"], random_vocabulary.make(300)[0])
        self.assertEqual(len(gguf.metadata["tokenizer.ggml.token_type"]), 300)
        self.assertEqual(gguf.tensors["blk.1.attn_k.weight"][0], (128, 8 * 128))
        self.assertEqual(gguf.tensors["blk.0.attn_q_norm.weight"][0], (128,))
        self.assertEqual(gguf.tensors["token_embd.weight"][0], (128, 300))
        self.assertNotIn("output.weight", gguf.tensors)

    def test_block_scales_are_finite_and_codes_random(self):
        source = model_shapes.RandomBytes(0)
        tensor = model_shapes.Tensor("model.embed_tokens", 64, 128)
        for kind, block in [("q4_0", 18), ("q8_0", 34)]:
            raw = bytes(make_random_gguf.contents(tensor, kind, source))
            scales = {struct.unpack_from("<e", raw, at)[0] for at in range(0, len(raw), block)}
            self.assertEqual(len(scales), 1)
            self.assertTrue(0 < scales.pop() < 1)
            self.assertGreater(len(set(raw)), 200)
        halves = struct.unpack("<8192e", bytes(make_random_gguf.contents(tensor, "f16", source)))
        self.assertTrue(all(2**-7 <= abs(half) < 2**-5 for half in halves))
        self.assertTrue({half > 0 for half in halves} == {True, False})


if __name__ == "__main__":
    unittest.main()
