"""The llama architecture in PyTorch, with Hugging Face's tensor names. fast_llama.py and plain_llama.py train it."""
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Shape:
    vocab: int = 2048
    width: int = 256
    layers: int = 7
    heads: int = 8
    kv_heads: int = 2
    head_dim: int = 32
    ffn: int = 512
    positions: int = 2048
    theta: float = 10000.0
    epsilon: float = 1e-5


def angles(s: Shape):
    """Cosines and sines of rope, [positions, head_dim / 2]."""
    pairs = torch.arange(0, s.head_dim, 2).double() / s.head_dim
    turns = torch.outer(torch.arange(s.positions).double(), s.theta ** -pairs)
    return turns.cos().float(), turns.sin().float()


def initialise(name: str, p: torch.Tensor, s: Shape) -> None:
    """Fills one parameter: norms 1, projections back into the stream 0, other matrices by their fan-in."""
    if p.dim() == 1:
        nn.init.ones_(p)
    elif name.endswith(("o_proj.weight", "down_proj.weight")):
        nn.init.zeros_(p)
    elif name.startswith("embed_tokens"):
        nn.init.normal_(p, std=0.02)
    else:
        nn.init.normal_(p, std=p.shape[1] ** -0.5)


class RMSNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


def rotate(x, cos, sin):
    """Rotates the pairs (i, i + head_dim/2). x [rows, heads, length, head_dim]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.s = s
        self.q_proj = nn.Linear(s.width, s.heads * s.head_dim, bias=False)
        self.k_proj = nn.Linear(s.width, s.kv_heads * s.head_dim, bias=False)
        self.v_proj = nn.Linear(s.width, s.kv_heads * s.head_dim, bias=False)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.width, bias=False)

    def forward(self, x, cos, sin, lengths):
        rows, length, _ = x.shape

        def split(y, heads):
            return y.view(rows, length, heads, self.s.head_dim).transpose(1, 2)

        q = rotate(split(self.q_proj(x), self.s.heads), cos, sin)
        k = rotate(split(self.k_proj(x), self.s.kv_heads), cos, sin)
        v = split(self.v_proj(x), self.s.kv_heads)
        group = self.s.heads // self.s.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        apart = zip(*(y.split(lengths, 2) for y in (q, k, v)))
        y = torch.cat([F.scaled_dot_product_attention(*qkv, is_causal=True) for qkv in apart], 2)
        return self.o_proj(y.transpose(1, 2).reshape(rows, length, -1))


class Mlp(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.gate_proj = nn.Linear(s.width, s.ffn, bias=False)
        self.up_proj = nn.Linear(s.width, s.ffn, bias=False)
        self.down_proj = nn.Linear(s.ffn, s.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.input_layernorm = RMSNorm(s.width, s.epsilon)
        self.self_attn = Attention(s)
        self.post_attention_layernorm = RMSNorm(s.width, s.epsilon)
        self.mlp = Mlp(s)

    def forward(self, x, cos, sin, lengths):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, lengths)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """ids [rows, length] -> logits [rows, length, vocab]; the head is the embedding (tied)."""

    def __init__(self, s: Shape):
        super().__init__()
        self.s = s
        self.embed_tokens = nn.Embedding(s.vocab, s.width)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.layers))
        self.norm = RMSNorm(s.width, s.epsilon)
        for name, p in self.named_parameters():
            initialise(name, p, s)
        cos, sin = angles(s)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def hidden(self, ids, lengths: list):
        """[rows, sum of lengths] -> [rows, sum of lengths, width]. Each row is that many conversations one after the
        other; each attends to itself only."""
        positions = torch.cat([torch.arange(length) for length in lengths]).to(ids.device)
        x, cos, sin = self.embed_tokens(ids), self.cos[positions], self.sin[positions]
        for layer in self.layers:
            x = layer(x, cos, sin, lengths)
        return self.norm(x)

    def forward(self, ids):
        return F.linear(self.hidden(ids, [ids.shape[1]]), self.embed_tokens.weight)
