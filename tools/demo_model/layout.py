"""All weights of a model in one flat vector, as the trainers share them. q, k, v and gate, up are neighbours."""
import torch

from llama import Shape


class Layout:
    """Where each tensor lies in the flat vector: name -> (offset, shape)."""

    def __init__(self, s: Shape):
        self.places, self.size = {}, 0
        q, kv = s.heads * s.head_dim, s.kv_heads * s.head_dim
        self.add("embed_tokens.weight", s.vocab, s.width)
        for n in range(s.layers):
            at = f"layers.{n}."
            self.add(at + "self_attn.q_proj.weight", q, s.width)
            self.add(at + "self_attn.k_proj.weight", kv, s.width)
            self.add(at + "self_attn.v_proj.weight", kv, s.width)
            self.add(at + "self_attn.o_proj.weight", s.width, q)
            self.add(at + "mlp.gate_proj.weight", s.ffn, s.width)
            self.add(at + "mlp.up_proj.weight", s.ffn, s.width)
            self.add(at + "mlp.down_proj.weight", s.width, s.ffn)
        self.matrices = self.size  # the norms come after all matrices
        for n in range(s.layers):
            self.add(f"layers.{n}.input_layernorm.weight", s.width)
            self.add(f"layers.{n}.post_attention_layernorm.weight", s.width)
        self.add("norm.weight", s.width)

    def add(self, name: str, *shape: int) -> None:
        self.places[name] = (self.size, shape)
        self.size += torch.Size(shape).numel()

    def view(self, flat: torch.Tensor, first: str, last: str | None = None) -> torch.Tensor:
        """One tensor, or the neighbours first to last as one matrix."""
        begin, shape = self.places[first]
        if last is None:
            return flat[begin:begin + torch.Size(shape).numel()].view(shape)
        end, tail = self.places[last]
        return flat[begin:end + torch.Size(tail).numel()].view(-1, shape[1])

    def tensors(self, flat: torch.Tensor) -> dict:
        return {name: self.view(flat, name) for name in self.places}
