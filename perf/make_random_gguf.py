#!/usr/bin/env python3
"""Writes a GGUF file with random weights, for comparisons with programs that read GGUF.

Usage: make_random_gguf.py FILE [--shape llama-3.2-1b|qwen3-0.6b|llama-3.1-8b|llama-103m|tiny]
                           [--format q4_0|q8_0|f16|bf16] [--layers N ...]
Shapes and vocabulary are those of make_random_model.py, so both kinds of file take the same prompts of token ids. Every
matrix has the format asked for, the embedding too; norms are f32. Format: docs/gguf.md of ggml, version 3.
"""
import argparse
import pathlib
import struct
import sys

import big_file
import random_vocabulary
from model_shapes import RandomBytes, Shape, Tensor, add_shape_options, parameters, random_bf16, shape_of, tensors

ALIGNMENT, BLOCK = 32, 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # kinds of metadata values
# ggml's type number, bytes and weights of a block, general.file_type
FORMATS = {"f16": (1, 2, 1, 1), "q4_0": (2, 18, BLOCK, 2), "q8_0": (8, 34, BLOCK, 7), "bf16": (30, 2, 1, 32)}
F32 = (0, 4, 1)
NORMAL, CONTROL = 1, 3  # types of tokens
NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
         "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
         "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(kind: int, item) -> bytes:
    if kind == STRING:
        return text(item)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], item)


def entry(key: str, kind: int, item) -> bytes:
    return text(key) + struct.pack("<I", kind) + value(kind, item)


def array(key: str, kind: int, items) -> bytes:
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(items)) + b"".join(value(kind, item) for item in items)


def metadata(shape: Shape, kind: str, name: str):
    arch = shape.family
    tokens, merges = random_vocabulary.make(shape.vocab)
    specials = len(random_vocabulary.SPECIAL)
    yield entry("general.architecture", STRING, arch)
    yield entry("general.name", STRING, name)
    yield entry("general.file_type", UINT32, FORMATS[kind][3])
    yield entry("general.alignment", UINT32, ALIGNMENT)
    for key, number in [("context_length", shape.positions), ("embedding_length", shape.width),
                        ("block_count", shape.layers), ("feed_forward_length", shape.ffn),
                        ("attention.head_count", shape.heads), ("attention.head_count_kv", shape.kv_heads),
                        ("attention.key_length", shape.head_dim), ("attention.value_length", shape.head_dim),
                        ("rope.dimension_count", shape.head_dim), ("vocab_size", shape.vocab)]:
        yield entry(f"{arch}.{key}", UINT32, number)
    yield entry(f"{arch}.attention.layer_norm_rms_epsilon", FLOAT32, shape.norm_eps)
    yield entry(f"{arch}.rope.freq_base", FLOAT32, shape.rope_theta)
    yield entry("tokenizer.ggml.model", STRING, "gpt2")
    yield entry("tokenizer.ggml.pre", STRING, "gpt-2")
    yield array("tokenizer.ggml.tokens", STRING, tokens)
    yield array("tokenizer.ggml.token_type", INT32, [CONTROL] * specials + [NORMAL] * (len(tokens) - specials))
    yield array("tokenizer.ggml.merges", STRING, [" ".join(pair) for pair in merges])
    yield entry("tokenizer.ggml.eos_token_id", UINT32, random_vocabulary.END)
    yield entry("tokenizer.ggml.add_bos_token", BOOL, False)
    yield entry("tokenizer.chat_template", STRING, random_vocabulary.CHAT_TEMPLATE)


def gguf_name(tensor: Tensor) -> str:
    if tensor.name in NAMES:
        return NAMES[tensor.name] + ".weight"
    _, _, layer, part = tensor.name.split(".", 3)
    return f"blk.{layer}.{NAMES[part]}.weight"


def bytes_of(tensor: Tensor, kind: str) -> int:
    _, block_bytes, weights = F32 if tensor.rows == 0 else FORMATS[kind][:3]
    return max(tensor.rows, 1) * tensor.cols // weights * block_bytes


def tensor_entry(tensor: Tensor, kind: str, offset: int) -> bytes:
    sizes = [tensor.cols] if tensor.rows == 0 else [tensor.cols, tensor.rows]  # the fastest dimension first
    number = F32[0] if tensor.rows == 0 else FORMATS[kind][0]
    return (text(gguf_name(tensor)) + struct.pack("<I", len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
            + struct.pack("<IQ", number, offset))


def contents(tensor: Tensor, kind: str, source: RandomBytes) -> bytes:
    """Blocks: an f16 scale, then random codes. Magnitudes are about those of the bf16 weights."""
    if tensor.rows == 0:
        return struct.pack("<f", 1.0) * tensor.cols
    count = tensor.rows * tensor.cols
    if kind == "bf16":
        return random_bf16(source, count)
    _, block_bytes, weights, _ = FORMATS[kind]
    out = source.take(count // weights * block_bytes)
    if kind == "f16":  # exponents 8 and 9 of 31: magnitudes in [2^-7, 2^-5)
        out[1::2] = out[1::2].translate(bytes(0x20 | (i & 0x87) for i in range(256)))
        return out
    scale = struct.pack("<e", 0.05 / (15 if kind == "q4_0" else 255))
    out[0::block_bytes] = scale[:1] * (count // weights)
    out[1::block_bytes] = scale[1:] * (count // weights)
    return out


def padding(count: int) -> bytes:
    return b"\0" * (-count % ALIGNMENT)


def make(path: pathlib.Path, shape: Shape, kind: str, seed: int = 0, quiet: bool = False) -> None:
    entries = list(metadata(shape, kind, path.stem))
    all_tensors = list(tensors(shape))
    directory, offset = b"", 0
    for tensor in all_tensors:
        directory += tensor_entry(tensor, kind, offset)
        size = bytes_of(tensor, kind)
        offset += size + len(padding(size))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(all_tensors), len(entries)) + b"".join(entries) + directory
    head += padding(len(head))
    source = RandomBytes(seed)
    with big_file.writing(path, len(head) + offset, quiet) as write:
        write(head)
        for tensor in all_tensors:
            raw = contents(tensor, kind, source)
            write(raw)
            write(padding(len(raw)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--format", choices=sorted(FORMATS), default="q8_0", help="default q8_0")
    add_shape_options(parser)
    args = parser.parse_args()
    shape = shape_of(args, parser, BLOCK)
    try:
        make(args.file, shape, args.format, args.seed, args.quiet)
    except (big_file.NoSpace, OSError, ValueError) as error:
        print(f"make_random_gguf.py: {error}", file=sys.stderr)
        return 1
    print(f"{args.file}: {parameters(shape) / 1e6:.1f} M parameters, {args.format}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
