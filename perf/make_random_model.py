#!/usr/bin/env python3
"""Writes a model folder with random weights, for benchmarks: the right shapes, no sense.

Usage: make_random_model.py FOLDER [--shape llama-3.2-1b|qwen3-0.6b|llama-3.1-8b|llama-103m|tiny]
                            [--format bf16|affine4|affine8] [--layers N ...]
The vocabulary is made up (random_vocabulary.py): as many tokens as the real model has, all of them ASCII text. rope
scaling is left out: it costs nothing per step. Needs nothing but Python; memory holds one tensor at a time.
"""
import argparse
import json
import pathlib
import struct
import sys

import big_file
import random_vocabulary
from model_shapes import RandomBytes, Shape, Tensor, add_shape_options, parameters, random_bf16, shape_of, tensors

GROUP = 64
BITS = {"bf16": 0, "affine4": 4, "affine8": 8}
ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen3": "Qwen3ForCausalLM"}


def bf16(value: float) -> bytes:
    return struct.pack("<f", value)[2:]


def parts(tensor: Tensor, bits: int):
    """(name, dtype, shape, bytes) of what a tensor is stored as."""
    rows, cols = tensor.rows, tensor.cols
    if rows == 0:
        yield f"{tensor.name}.weight", "BF16", [cols], 2 * cols
    elif bits == 0:
        yield f"{tensor.name}.weight", "BF16", [rows, cols], 2 * rows * cols
    else:
        yield f"{tensor.name}.weight", "U32", [rows, cols * bits // 32], rows * cols * bits // 8
        yield f"{tensor.name}.scales", "BF16", [rows, cols // GROUP], 2 * rows * cols // GROUP
        yield f"{tensor.name}.biases", "BF16", [rows, cols // GROUP], 2 * rows * cols // GROUP


def contents(tensor: Tensor, bits: int, source: RandomBytes):
    """Codes are random; scale and bias spread them over about the magnitudes of the bf16 ones, around zero."""
    if tensor.rows == 0:
        yield bf16(1.0) * tensor.cols
    elif bits == 0:
        yield random_bf16(source, tensor.rows * tensor.cols)
    else:
        top, groups = 2**bits - 1, tensor.rows * tensor.cols // GROUP
        scale = 0.05 / top
        yield source.take(tensor.rows * tensor.cols * bits // 8)
        yield bf16(scale) * groups
        yield bf16(-scale * top / 2) * groups


def write_safetensors(path: pathlib.Path, shape: Shape, bits: int, seed: int, quiet: bool) -> None:
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for tensor in tensors(shape):
        for name, dtype, sizes, count in parts(tensor, bits):
            header[name] = {"dtype": dtype, "shape": sizes, "data_offsets": [offset, offset + count]}
            offset += count
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    source = RandomBytes(seed)
    with big_file.writing(path, 8 + len(text) + offset, quiet) as write:
        write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors(shape):
            for raw in contents(tensor, bits, source):
                write(raw)


def config(shape: Shape, bits: int) -> dict:
    out = {"architectures": [ARCHITECTURES[shape.family]], "model_type": shape.family, "hidden_act": "silu",
           "hidden_size": shape.width, "intermediate_size": shape.ffn, "num_hidden_layers": shape.layers,
           "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
           "vocab_size": shape.vocab, "max_position_embeddings": shape.positions, "rope_theta": shape.rope_theta,
           "rms_norm_eps": shape.norm_eps, "tie_word_embeddings": shape.tied, "eos_token_id": random_vocabulary.END,
           "torch_dtype": "bfloat16"}
    if bits:
        out["quantization"] = {"group_size": GROUP, "bits": bits, "mode": "affine"}
    return out


def make(folder: pathlib.Path, shape: Shape, kind: str, seed: int = 0, quiet: bool = False) -> None:
    bits = BITS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    random_vocabulary.write_tokenizer(folder, shape.vocab, shape.positions)
    (folder / "config.json").write_text(json.dumps(config(shape, bits), indent=2) + "\n")
    write_safetensors(folder / "model.safetensors", shape, bits, seed, quiet)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--format", choices=sorted(BITS), default="bf16", help="default bf16")
    add_shape_options(parser)
    args = parser.parse_args()
    shape = shape_of(args, parser, GROUP)
    try:
        make(args.folder, shape, args.format, args.seed, args.quiet)
    except (big_file.NoSpace, OSError, ValueError) as error:
        print(f"make_random_model.py: {error}", file=sys.stderr)
        return 1
    print(f"{args.folder}: {parameters(shape) / 1e6:.1f} M parameters, {args.format}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
