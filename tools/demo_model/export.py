"""Writes the trained demo model as a Hugging Face folder with MLX-affine 8-bit weights.

Usage: export.py WORK_FOLDER MODEL_FOLDER
Every matrix is stored as codes, scales and biases (groups of 64 along the inputs); norms stay bf16.
"""
import json
import pathlib
import shutil
import struct
import sys

import numpy as np
import torch

from llama import Llama, Shape

BITS, GROUP = 8, 64


def bf16_bytes(values: np.ndarray) -> bytes:
    """Round to nearest even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def quantize(w: np.ndarray):
    """Affine codes of a [rows, cols] matrix: (uint32 words, scales, biases). One end of each group
    is represented exactly; the scale may be negative."""
    rows, cols = w.shape
    g = w.astype(np.float32).reshape(rows, cols // GROUP, GROUP)
    low, high = g.min(-1), g.max(-1)
    steps = np.float32(2**BITS - 1)
    scale = np.maximum((high - low) / steps, np.float32(1e-7))
    at_low = np.abs(low) > np.abs(high)
    scale = np.where(at_low, scale, -scale)
    edge = np.where(at_low, low, high)
    zero = np.rint(edge / scale)
    safe = np.where(zero == 0, 1, zero)
    scale = np.where(zero != 0, edge / safe, scale).astype(np.float32)
    bias = np.where(zero != 0, edge, 0).astype(np.float32)
    codes = np.clip(np.rint((g - bias[..., None]) / scale[..., None]), 0, steps).astype(np.uint8)
    return codes.reshape(rows, cols), scale, bias


def write_safetensors(path: pathlib.Path, tensors) -> None:
    """tensors: name -> (dtype name, shape, bytes)."""
    header, offset = {"__metadata__": {"format": "mlx"}}, 0
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, _, raw in tensors.values():
            out.write(raw)


def config(s: Shape) -> dict:
    quantization = {"group_size": GROUP, "bits": BITS, "mode": "affine"}
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": s.width, "intermediate_size": s.ffn, "num_hidden_layers": s.layers,
            "num_attention_heads": s.heads, "num_key_value_heads": s.kv_heads, "head_dim": s.head_dim,
            "vocab_size": s.vocab, "max_position_embeddings": s.positions, "rope_theta": s.theta,
            "rms_norm_eps": s.epsilon, "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
            "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "bfloat16",
            "quantization": quantization, "quantization_config": quantization}


def main() -> None:
    work, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    state = torch.load(work / "checkpoint.pt", weights_only=True)["model"]
    model = Llama(Shape(vocab=state["embed_tokens.weight"].shape[0]))
    model.load_state_dict(state)
    tensors = {}
    for name, parameter in sorted(model.named_parameters()):
        values = parameter.detach().float().numpy()
        if values.ndim == 1:
            tensors["model." + name] = ("BF16", values.shape, bf16_bytes(values))
            continue
        codes, scales, biases = quantize(values)
        stem = "model." + name.removesuffix(".weight")
        tensors[stem + ".weight"] = ("U32", (values.shape[0], values.shape[1] * BITS // 32), codes.tobytes())
        tensors[stem + ".scales"] = ("BF16", scales.shape, bf16_bytes(scales))
        tensors[stem + ".biases"] = ("BF16", biases.shape, bf16_bytes(biases))
    write_safetensors(out / "model.safetensors", tensors)
    (out / "config.json").write_text(json.dumps(config(model.s), indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(
        {"bos_token_id": None, "eos_token_id": [2, 0], "pad_token_id": 0, "do_sample": True,
         "temperature": 0.2, "top_p": 0.9}, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(work / name, out / name)
    print(sum(path.stat().st_size for path in out.iterdir()), "bytes in", out)


if __name__ == "__main__":
    main()
