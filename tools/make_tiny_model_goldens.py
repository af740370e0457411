#!/usr/bin/env python3
"""Writes the tiny models of tests/engine/fixtures: random weights, and the logits that Hugging Face
transformers computes for them in float64.

Each folder holds config.json, model.safetensors and golden.safetensors with `ids` [T] and `logits`
[T, vocab]. The weights of mlx-affine are quantised by MLX itself; its logits come from a transformers
model with the weights that numpy unpacks from them.

    python3 -m venv venv && venv/bin/pip install torch==2.6.0 transformers==4.53.3 'mlx[cpu]==0.32.4'
    venv/bin/python tools/make_tiny_model_goldens.py tests/engine/fixtures
"""
import json
import pathlib
import string
import sys

import mlx.core as mlx
import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

VOCAB = 96
TOKENS = 40

BASE = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
            bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)

# name -> (config, dtype of the file)
MODELS = {
    # wavelengths 6, 63, 628, ... against 64: one band kept, one blended, the others scaled
    "llama3": (transformers.LlamaConfig(
        **{**BASE, "max_position_embeddings": 128}, attention_bias=True, mlp_bias=True, rope_scaling=dict(
            rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=64)), torch.float16),
    "linear-gelu": (transformers.LlamaConfig(
        **{**BASE, "tie_word_embeddings": True}, hidden_act="gelu_pytorch_tanh",
        rope_scaling=dict(rope_type="linear", factor=2.0)), torch.bfloat16),
    "yarn": (transformers.LlamaConfig(
        **BASE, rope_theta=1000.0, rope_scaling=dict(
            rope_type="yarn", factor=4.0, original_max_position_embeddings=16)), torch.bfloat16),
    # a window in the second of two layers only
    "qwen2": (transformers.Qwen2Config(
        **{**BASE, "tie_word_embeddings": True}, use_sliding_window=True, sliding_window=5,
        max_window_layers=1), torch.bfloat16),
    # head_dim differs from hidden_size / heads
    "qwen3": (transformers.Qwen3Config(**BASE, head_dim=16), torch.float16),
    "mistral": (transformers.MistralConfig(**BASE, sliding_window=7), torch.float32),
}

# Groups need wider rows.
QUANTIZED = transformers.LlamaConfig(**{**BASE, "hidden_size": 64, "intermediate_size": 128})
QUANTIZATION = {
    "group_size": 32, "bits": 4, "mode": "affine",
    "lm_head": {"group_size": 64, "bits": 3},
    "model.layers.0.self_attn.k_proj": {"group_size": 64, "bits": 5},
    "model.layers.0.self_attn.o_proj": False,
    "model.layers.0.mlp.gate_proj": {"group_size": 32, "bits": 2},
    "model.layers.0.mlp.down_proj": {"group_size": 128, "bits": 6, "mode": "affine"},
    "model.layers.1.self_attn.v_proj": {"group_size": 64, "bits": 8},
    "model.layers.1.mlp.up_proj": True,
}


def random_weights(model, seed):
    """Large enough that attention is far from uniform and every term matters."""
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = generator.standard_normal(tuple(parameter.shape))
            if name.endswith("norm.weight"):
                value = 1.0 + 0.3 * noise
            elif name.endswith("bias"):
                value = 0.5 * noise
            elif "embed" in name:
                value = noise
            else:
                value = noise * 1.5 / np.sqrt(parameter.shape[1])
            parameter.copy_(torch.from_numpy(value))


def golden(model, seed):
    ids = torch.from_numpy(np.random.default_rng(seed).integers(0, VOCAB, TOKENS))
    with torch.no_grad():
        logits = model(ids[None], use_cache=False).logits[0]
    return {"ids": ids.to(torch.int32), "logits": logits.to(torch.float32).contiguous()}


def make_model(config):
    config._attn_implementation = "eager"
    return transformers.AutoModelForCausalLM.from_config(config).double().eval()


def write(folder, config, dtype, tensors, expected):
    folder.mkdir(parents=True, exist_ok=True)
    described = config.to_diff_dict()
    described["torch_dtype"] = str(dtype).removeprefix("torch.")
    described.pop("_attn_implementation_autoset", None)
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    save_file(expected, folder / "golden.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)


def make_plain(root, name, config, dtype, seed):
    model = make_model(config)
    random_weights(model, seed)
    tied = config.tie_word_embeddings
    tensors = {n: t.to(dtype).contiguous() for n, t in model.state_dict().items()
               if not (tied and n == "lm_head.weight")}
    # What the file holds is what the golden is about.
    model.load_state_dict({n: t.double() for n, t in tensors.items()}, strict=not tied)
    write(root / name, config, dtype, tensors, golden(model, seed + 1000))


def unpack(words, bits, cols):
    """MLX's layout: each row is one little-endian number, code k at bit k * bits."""
    rows = []
    for row in words:
        number = int.from_bytes(row.tobytes(), "little")
        rows.append([(number >> (k * bits)) & (2**bits - 1) for k in range(cols)])
    return np.array(rows, dtype=np.float64)


def make_quantized(root, name, seed):
    model = make_model(QUANTIZED)
    random_weights(model, seed)
    tensors, exact = {}, {}
    for full_name, tensor in model.state_dict().items():
        path = full_name.removesuffix(".weight")
        entry = QUANTIZATION.get(path, True)
        if tensor.ndim != 2 or entry is False:
            tensors[full_name] = tensor.to(torch.float16)
            exact[full_name] = tensors[full_name].double()
            continue
        form = QUANTIZATION if entry is True else entry
        bits, group = form["bits"], form["group_size"]
        words, scales, biases = (np.array(part) for part in mlx.quantize(
            mlx.array(tensor.numpy().astype(np.float16)), group_size=group, bits=bits))
        tensors[full_name] = torch.from_numpy(words)
        tensors[path + ".scales"] = torch.from_numpy(scales)
        tensors[path + ".biases"] = torch.from_numpy(biases)
        unpacked = unpack(words, bits, tensor.shape[1])
        value = (np.repeat(scales.astype(np.float64), group, 1) * unpacked
                 + np.repeat(biases.astype(np.float64), group, 1))
        exact[full_name] = torch.from_numpy(value)
    model.load_state_dict(exact)
    expected = golden(model, seed + 1000)
    write(root / name, QUANTIZED, torch.float16, tensors, expected)
    path = root / name / "config.json"
    config = json.loads(path.read_text())
    config["quantization"] = config["quantization_config"] = QUANTIZATION
    path.write_text(json.dumps(config, indent=2) + "\n")


def make_tokenizer(folder):
    """A SentencePiece-style BPE of 85 ids, fewer than the 96 of the model, as is often found."""
    pieces = ["<unk>", "<s>", "</s>", "\u2581"]
    pieces += list(string.ascii_letters + string.digits) + list(".,!?:;'\"-()[]")
    merges = [("t", "h"), ("th", "e"), ("\u2581", "the"), ("a", "n"), ("i", "n"), ("o", "n")]
    pieces += ["".join(pair) for pair in merges]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges, unk_token="<unk>"))
    tokenizer.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Prepend("\u2581"), tokenizers.normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = tokenizers.decoders.Sequence([
        tokenizers.decoders.Replace("\u2581", " "), tokenizers.decoders.Fuse(),
        tokenizers.decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "bos_token": {"__type": "AddedToken", "content": "<s>", "special": True},
        "eos_token": "</s>", "pad_token": None, "tokenizer_class": "LlamaTokenizer",
        "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}"
                         "{% endfor %}"}, indent=2) + "\n")
    (folder / "generation_config.json").write_text(json.dumps({
        "bos_token_id": 1, "eos_token_id": [2, 7], "do_sample": True, "temperature": 0.6,
        "top_p": 0.9}, indent=2) + "\n")


def main():
    root = pathlib.Path(sys.argv[1])
    for seed, (name, (config, dtype)) in enumerate(MODELS.items()):
        make_plain(root, name, config, dtype, seed)
    make_quantized(root, "mlx-affine", 100)
    make_tokenizer(root / "llama3")


if __name__ == "__main__":
    main()
