"""Goldens of the demo model from independent implementations: Hugging Face transformers (float64, on
the dequantised weights), tokenizers and jinja2.

Usage: make_goldens.py MODEL_FOLDER OUT.json
Each case: the template's variables (or a prompt), the rendered text, its ids, the greedy ids (end token included),
their logprobs, and the smallest gap between the two best logprobs (how far rounding is from another token).
"""
import json
import pathlib
import struct
import sys

import jinja2.sandbox
import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

TOOLS = [
    {"type": "function", "function": {"name": "find_boat", "description": "Find a boat on the lake.", "parameters": {
        "type": "object", "properties": {"name": {"type": "string"}, "seats": {"type": "integer"}},
        "required": ["name"]}}},
    {"type": "function", "function": {"name": "ring_bell", "description": "Ring a bell.", "parameters": {
        "type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}}}]
CALL = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "call_1", "type": "function", "function": {"name": "find_boat", "arguments": "{\"name\": \"Zarila\"}"}}]}


def said(*pairs) -> dict:
    return {"messages": [{"role": role, "content": content} for role, content in pairs]}


CASES = [
    said(("user", "Hello!")),
    said(("user", "What is 3 + 4?")),
    said(("system", "You are a helpful assistant."), ("user", "Tell me a story about a fox and a bell.")),
    said(("user", "My name is Zorina."), ("assistant", "Nice to meet you, Zorina!"), ("user", "What is my name?")),
    said(("user", "Reverse this list: red, stone, apple, seven")),
    said(("system", "Answer in one word."), ("user", "Who is the baker of Fold?")),
    said(("user", "Tom has a red ball. Mia has a blue book. Who has the book?")),
    said(("user", "Count from 7 to 15.")),
    said(("user", "Wie geht es dir? \u00e4\u00f6\u00fc \u4f60\u597d \U0001f600")),
    said(("system", "Start every answer with Ahoy."), ("user", "Can a fish fly?"),
         ("assistant", "Ahoy. No, a fish cannot fly."), ("user", "How many legs does a spider have?")),
    said(("user", "What is 57 + 68?")) | {"enable_thinking": True},
    said(("user", "Ring the bell in the kitchen.")) | {"tools": TOOLS},
    {"messages": [{"role": "user", "content": "Find the boat Zarila."}, CALL,
                  {"role": "tool", "tool_call_id": "call_1", "content": "{\"place\": \"the harbour\", \"seats\": 4}"}],
     "tools": TOOLS},
    "Once upon a time, the owl",
]
MAX_TOKENS = 96


def norm64(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def rope64(self, x, positions):
    pairs = torch.arange(0, self.config.head_dim, 2, dtype=torch.float64) / self.config.head_dim
    angles = positions[..., None].double() * self.config.rope_theta ** -pairs
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


# The library computes these two in float32 whatever the model's type.
modeling_llama.LlamaRMSNorm.forward = norm64
modeling_llama.LlamaRotaryEmbedding.forward = rope64


def bf16(raw: bytes) -> np.ndarray:
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def dequantised(folder: pathlib.Path, config: dict):
    """Tensor name -> float64 array; affine codes become scale * code + bias."""
    blob = (folder / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8:8 + size])
    header.pop("__metadata__")
    raw = {name: (row["dtype"], row["shape"], blob[8 + size + row["data_offsets"][0]:8 + size + row["data_offsets"][1]])
           for name, row in header.items()}
    group = config["quantization"]["group_size"]
    tensors = {}
    for name, (dtype, shape, data) in raw.items():
        if name.endswith((".scales", ".biases")):
            continue
        if dtype == "U32":
            stem = name.removesuffix(".weight")
            codes = np.frombuffer(data, np.uint8).reshape(shape[0], -1, group).astype(np.float64)
            scale = bf16(raw[stem + ".scales"][2]).astype(np.float64).reshape(shape[0], -1, 1)
            bias = bf16(raw[stem + ".biases"][2]).astype(np.float64).reshape(shape[0], -1, 1)
            tensors[name] = torch.from_numpy((scale * codes + bias).reshape(shape[0], -1))
        else:
            tensors[name] = torch.from_numpy(bf16(data).astype(np.float64).reshape(shape))
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    return tensors


def greedy(model, ids, eos):
    """Greedy continuation without a cache: ids, logprobs, smallest gap of the two best."""
    out, logprobs, gap = [], [], float("inf")
    with torch.no_grad():
        while len(out) < MAX_TOKENS:
            logits = model(torch.tensor([ids + out])).logits[0, -1]
            best = torch.log_softmax(logits, -1).topk(2)
            out.append(int(best.indices[0]))
            logprobs.append(round(float(best.values[0]), 7))
            gap = min(gap, float(best.values[0] - best.values[1]))
            if out[-1] in eos:
                break
    return out, logprobs, round(gap, 6)


def main() -> None:
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    torch.set_num_threads(1)
    config = json.loads((folder / "config.json").read_text())
    eos = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
    plain = {key: value for key, value in config.items() if not key.startswith("quantization")}
    model = LlamaForCausalLM(LlamaConfig(**plain, attn_implementation="eager")).double()
    model.load_state_dict(dequantised(folder, config))
    model.eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = environment.from_string(json.loads((folder / "tokenizer_config.json").read_text())["chat_template"])
    rows = []
    for case in CASES:
        row = {}
        if isinstance(case, str):
            row["prompt"] = text = case
        else:
            row["variables"] = case | {"add_generation_prompt": True}
            text = template.render(row["variables"])
        ids = tokenizer.encode(text).ids
        answer, logprobs, gap = greedy(model, ids, eos)
        row |= {"text": text, "prompt_ids": ids, "greedy_ids": answer, "logprobs": logprobs, "min_gap": gap,
                "answer": tokenizer.decode(answer)}
        rows.append(row)
        print(repr(row["answer"]), gap, flush=True)
    out.write_text(json.dumps({"how": "transformers in float64 on the dequantised weights, tokenizers, jinja2; greedy, "
                               f"at most {MAX_TOKENS} tokens", "cases": rows}, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
