#!/usr/bin/env python3
"""Writes a llama folder with random weights, for benchmarks: the right shapes, no sense.

Usage: make_random_model.py FOLDER [--format bf16|affine4|affine8] [--width W --layers L --ffn F ...]
The default shape has 103 million parameters. The tokenizer is the demo model's, so answers have text.
Needs nothing but Python; the same arguments give the same bytes.
"""
import argparse
import json
import pathlib
import random
import shutil
import struct

DEMO = pathlib.Path(__file__).resolve().parent.parent / "tools/demo_model/model"
GROUP = 64


def random_bf16(rng: random.Random, count: int) -> bytes:
    """Magnitudes in [2^-7, 2^-5), both signs: exponents 120 and 121, any mantissa."""
    out = bytearray(2 * count)
    out[0::2] = rng.randbytes(count)
    out[1::2] = rng.randbytes(count).translate(bytes(0x3C | (i & 1) << 7 for i in range(256)))
    return bytes(out)


def bf16(value: float) -> bytes:
    return struct.pack("<f", value)[2:]


def dense(rng, name, rows, cols):
    yield f"{name}.weight", "BF16", [rows, cols], random_bf16(rng, rows * cols)


def affine(rng, name, rows, cols, bits):
    """Random codes; scale and bias spread them over about the same magnitudes, around zero."""
    top = 2**bits - 1
    scale = 0.05 / top
    groups = rows * cols // GROUP
    yield f"{name}.weight", "U32", [rows, cols * bits // 32], rng.randbytes(rows * cols * bits // 8)
    yield f"{name}.scales", "BF16", [rows, cols // GROUP], bf16(scale) * groups
    yield f"{name}.biases", "BF16", [rows, cols // GROUP], bf16(-scale * top / 2) * groups


def tensors(args, rng):
    bits = {"bf16": 0, "affine4": 4, "affine8": 8}[args.format]

    def matrix(name, rows, cols):
        return affine(rng, name, rows, cols, bits) if bits else dense(rng, name, rows, cols)

    def norm(name):
        yield f"{name}.weight", "BF16", [args.width], bf16(1.0) * args.width

    kv = args.kv_heads * args.head_dim
    yield from matrix("model.embed_tokens", args.vocab, args.width)
    for i in range(args.layers):
        layer = f"model.layers.{i}"
        yield from norm(f"{layer}.input_layernorm")
        yield from matrix(f"{layer}.self_attn.q_proj", args.heads * args.head_dim, args.width)
        yield from matrix(f"{layer}.self_attn.k_proj", kv, args.width)
        yield from matrix(f"{layer}.self_attn.v_proj", kv, args.width)
        yield from matrix(f"{layer}.self_attn.o_proj", args.width, args.heads * args.head_dim)
        yield from norm(f"{layer}.post_attention_layernorm")
        yield from matrix(f"{layer}.mlp.gate_proj", args.ffn, args.width)
        yield from matrix(f"{layer}.mlp.up_proj", args.ffn, args.width)
        yield from matrix(f"{layer}.mlp.down_proj", args.width, args.ffn)
    yield from norm("model.norm")


def write_safetensors(path: pathlib.Path, make_rows) -> None:
    """Two passes over the generator: sizes first, then bytes, so that memory holds one tensor."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape, raw in make_rows():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for *_, raw in make_rows():
            out.write(raw)


def config(args) -> dict:
    out = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
           "hidden_size": args.width, "intermediate_size": args.ffn, "num_hidden_layers": args.layers,
           "num_attention_heads": args.heads, "num_key_value_heads": args.kv_heads, "head_dim": args.head_dim,
           "vocab_size": args.vocab, "max_position_embeddings": args.positions, "rope_theta": 10000.0,
           "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "eos_token_id": 2, "torch_dtype": "bfloat16"}
    if args.format != "bf16":
        out["quantization"] = {"group_size": GROUP, "bits": int(args.format[-1]), "mode": "affine"}
    return out


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--format", choices=["bf16", "affine4", "affine8"], default="bf16")
    for name, default in [("width", 1024), ("layers", 9), ("heads", 16), ("kv-heads", 4), ("head-dim", 64),
                          ("ffn", 2816), ("vocab", 2048), ("positions", 8192), ("seed", 0)]:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    return parser.parse_args(arguments)


def main() -> None:
    args = parse()
    args.folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(args.folder / "model.safetensors", lambda: tensors(args, random.Random(args.seed)))
    (args.folder / "config.json").write_text(json.dumps(config(args), indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(DEMO / name, args.folder / name)
    parameters = args.vocab * args.width + args.width + args.layers * (
        2 * args.width + 2 * args.width * args.heads * args.head_dim + 2 * args.width * args.kv_heads * args.head_dim
        + 3 * args.width * args.ffn)
    print(f"{args.folder}: {parameters / 1e6:.1f} M parameters, {args.format}")


if __name__ == "__main__":
    main()
