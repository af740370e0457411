"""Writes trained weights as a Hugging Face folder with MLX-affine weights, and reads such a folder back.

Usage: export.py WORK_FOLDER MODEL_FOLDER    (finish.pt and the tokenizer's files are in WORK_FOLDER)
Every matrix is stored as codes, scales and biases (groups of 64 along the inputs); norms stay bf16.
"""
import json
import pathlib
import shutil
import struct
import sys

import numpy as np
import torch

from llama import Shape

GROUP = 64
BITS = 8


def bf16_bytes(values: np.ndarray) -> bytes:
    """Round to nearest even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def from_bf16(raw: bytes) -> np.ndarray:
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def rounded(values: np.ndarray) -> np.ndarray:
    return from_bf16(bf16_bytes(values)).reshape(values.shape)


def quantize(w: np.ndarray, bits: int):
    """Affine codes of a [rows, cols] matrix: (uint8 codes, scales, biases), the latter two as bf16 holds them. One
    end of each group is represented exactly; the scale may be negative."""
    rows, cols = w.shape
    g = w.astype(np.float32).reshape(rows, cols // GROUP, GROUP)
    low, high = g.min(-1), g.max(-1)
    steps = np.float32(2**bits - 1)
    scale = np.maximum((high - low) / steps, np.float32(1e-7))
    at_low = np.abs(low) > np.abs(high)
    scale = np.where(at_low, scale, -scale)
    edge = np.where(at_low, low, high)
    zero = np.rint(edge / scale)
    safe = np.where(zero == 0, 1, zero)
    scale = rounded(np.where(zero != 0, edge / safe, scale))
    bias = rounded(np.where(zero != 0, edge, 0))
    codes = np.clip(np.rint((g - bias[..., None]) / scale[..., None]), 0, steps).astype(np.uint8)
    return codes.reshape(rows, cols), scale, bias


def dequantize(codes: np.ndarray, scale: np.ndarray, bias: np.ndarray) -> np.ndarray:
    g = codes.reshape(*scale.shape, GROUP).astype(np.float32)
    return (g * scale[..., None] + bias[..., None]).reshape(codes.shape)


def packed(codes: np.ndarray, bits: int) -> bytes:
    """Little-endian words of 32 bits, the first code lowest."""
    return codes.tobytes() if bits == 8 else (codes[:, ::2] | codes[:, 1::2] << 4).tobytes()


def unpacked(raw: bytes, rows: int, bits: int) -> np.ndarray:
    codes = np.frombuffer(raw, np.uint8)
    if bits == 4:
        codes = np.stack((codes & 15, codes >> 4), -1)
    return codes.reshape(rows, -1)


def write_safetensors(path: pathlib.Path, tensors, made_by: str) -> None:
    """tensors: name -> (dtype name, shape, bytes)."""
    header, offset = {"__metadata__": {"format": made_by}}, 0
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, _, raw in tensors.values():
            out.write(raw)


def read_safetensors(path: pathlib.Path) -> dict:
    """name -> (dtype name, shape, bytes)."""
    blob = path.read_bytes()
    (size,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (row["dtype"], row["shape"],
                   blob[8 + size + row["data_offsets"][0]:8 + size + row["data_offsets"][1]])
            for name, row in header.items()}


def config(s: Shape, bits: int) -> dict:
    quantization = {"group_size": GROUP, "bits": bits, "mode": "affine"}
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": s.width, "intermediate_size": s.ffn, "num_hidden_layers": s.layers,
            "num_attention_heads": s.heads, "num_key_value_heads": s.kv_heads, "head_dim": s.head_dim,
            "vocab_size": s.vocab, "max_position_embeddings": s.positions, "rope_theta": s.theta,
            "rms_norm_eps": s.epsilon, "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
            "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "bfloat16",
            "quantization": quantization, "quantization_config": quantization}


def shape_of(config: dict) -> Shape:
    return Shape(config["vocab_size"], config["hidden_size"], config["num_hidden_layers"],
                 config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"],
                 config["intermediate_size"],
                 config["max_position_embeddings"], config["rope_theta"], config["rms_norm_eps"])


def write_model(weights: dict, s: Shape, bits: int, work: pathlib.Path, out: pathlib.Path) -> None:
    """weights: name in llama.py -> tensor. The tokenizer's files are copied from `work`."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, tensor in sorted(weights.items()):
        values = tensor.detach().float().numpy()
        if values.ndim == 1:
            tensors["model." + name] = ("BF16", values.shape, bf16_bytes(values))
            continue
        codes, scales, biases = quantize(values, bits)
        stem = "model." + name.removesuffix(".weight")
        tensors[stem + ".weight"] = ("U32", (values.shape[0], values.shape[1] * bits // 32), packed(codes, bits))
        tensors[stem + ".scales"] = ("BF16", scales.shape, bf16_bytes(scales))
        tensors[stem + ".biases"] = ("BF16", biases.shape, bf16_bytes(biases))
    write_safetensors(out / "model.safetensors", tensors, "mlx")
    (out / "config.json").write_text(json.dumps(config(s, bits), indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(
        {"bos_token_id": None, "eos_token_id": [2, 0], "pad_token_id": 0, "do_sample": True,
         "temperature": 0.2, "top_p": 0.9}, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(work / name, out / name)
    check(weights, out)


def read_model(folder: pathlib.Path):
    """(weights as a server computes them: name in llama.py -> float32 tensor, shape) of a folder of write_model."""
    found = json.loads((folder / "config.json").read_text())
    raw, weights = read_safetensors(folder / "model.safetensors"), {}
    for name, (dtype, shape, data) in raw.items():
        if name.endswith((".scales", ".biases")):
            continue
        values = from_bf16(data) if dtype == "BF16" else None
        if dtype == "U32":
            stem = name.removesuffix(".weight")
            scale, bias = (from_bf16(raw[stem + end][2]).reshape(raw[stem + end][1]) for end in (".scales", ".biases"))
            values = dequantize(unpacked(data, shape[0], found["quantization"]["bits"]), scale, bias)
        weights[name.removeprefix("model.")] = torch.from_numpy(values.copy())
    return weights, shape_of(found)


def check(weights: dict, folder: pathlib.Path) -> None:
    """Stops when the folder does not hold the weights to within the quantisation; prints how close it is."""
    found, _ = read_model(folder)
    worst = 0.0
    for name, tensor in weights.items():
        error = float((found[name] - tensor).norm() / tensor.norm())
        worst = max(worst, error)
        if found[name].shape != tensor.shape or error > 0.15:
            raise SystemExit(f"{name} in {folder} differs from the trained weights by {error:.3f}")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size} bytes, largest relative error of a tensor {worst:.5f}")


def main() -> None:
    work, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    state = torch.load(work / "finish.pt", weights_only=True)
    write_model(state["model"], Shape(**state["shape"]), BITS, work, out)


if __name__ == "__main__":
    main()
