"""Shapes of known models, and the tensors a folder or GGUF of that shape holds. Weights come from a seed."""
import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Shape:
    family: str  # llama, qwen3
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    positions: int
    rope_theta: float
    norm_eps: float
    tied: bool = True

    @property
    def qk_norm(self) -> bool:
        return self.family == "qwen3"


SHAPES = {
    "tiny": Shape("llama", 128, 2, 4, 2, 32, 256, 512, 8192, 1e4, 1e-5),
    "llama-103m": Shape("llama", 1024, 9, 16, 4, 64, 2816, 1536, 8192, 1e4, 1e-5),
    "llama-3.2-1b": Shape("llama", 2048, 16, 32, 8, 64, 8192, 128256, 131072, 5e5, 1e-5),
    "llama-3.1-8b": Shape("llama", 4096, 32, 32, 8, 128, 14336, 128256, 131072, 5e5, 1e-5, tied=False),
    "qwen3-0.6b": Shape("qwen3", 1024, 28, 16, 8, 128, 3072, 151936, 40960, 1e6, 1e-6),
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A matrix [rows, cols] of weights, or (rows = 0) the gains of a norm."""
    name: str  # as in Hugging Face folders, without ".weight"
    rows: int
    cols: int


def tensors(shape: Shape):
    """In the order of a forward pass."""
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield Tensor("model.embed_tokens", shape.vocab, shape.width)
    for i in range(shape.layers):
        layer = f"model.layers.{i}"
        yield Tensor(f"{layer}.input_layernorm", 0, shape.width)
        yield Tensor(f"{layer}.self_attn.q_proj", q, shape.width)
        yield Tensor(f"{layer}.self_attn.k_proj", kv, shape.width)
        yield Tensor(f"{layer}.self_attn.v_proj", kv, shape.width)
        if shape.qk_norm:
            yield Tensor(f"{layer}.self_attn.q_norm", 0, shape.head_dim)
            yield Tensor(f"{layer}.self_attn.k_norm", 0, shape.head_dim)
        yield Tensor(f"{layer}.self_attn.o_proj", shape.width, q)
        yield Tensor(f"{layer}.post_attention_layernorm", 0, shape.width)
        yield Tensor(f"{layer}.mlp.gate_proj", shape.ffn, shape.width)
        yield Tensor(f"{layer}.mlp.up_proj", shape.ffn, shape.width)
        yield Tensor(f"{layer}.mlp.down_proj", shape.width, shape.ffn)
    yield Tensor("model.norm", 0, shape.width)
    if not shape.tied:
        yield Tensor("lm_head", shape.vocab, shape.width)


def parameters(shape: Shape) -> int:
    return sum(max(t.rows, 1) * t.cols for t in tensors(shape))


class RandomBytes:
    """Endless random bytes from a seed, fast: one pool, read from a random place for every piece."""
    POOL = 1 << 24

    def __init__(self, seed: int):
        self._rng = random.Random(seed)
        self._pool = memoryview(self._rng.randbytes(self.POOL))

    def take(self, count: int) -> bytearray:
        out = bytearray(count)
        at = 0
        while at < count:
            start = self._rng.randrange(self.POOL - 4096)
            part = min(count - at, self.POOL - start)
            out[at:at + part] = self._pool[start:start + part]
            at += part
        return out


_BF16_TOP = bytes(0x3C | (i & 1) << 7 for i in range(256))


def random_bf16(source: RandomBytes, count: int) -> bytearray:
    """Magnitudes in [2^-7, 2^-5), both signs: exponents 120 and 121, any mantissa."""
    out = source.take(2 * count)
    out[1::2] = out[1::2].translate(_BF16_TOP)
    return out


def add_shape_options(parser) -> None:
    parser.add_argument("--shape", choices=sorted(SHAPES), default="llama-103m", help="default llama-103m")
    for field in ("width", "layers", "heads", "kv-heads", "head-dim", "ffn", "vocab", "positions"):
        parser.add_argument(f"--{field}", type=positive, help="instead of the shape's")
    parser.add_argument("--seed", type=int, default=0, help="default 0; same arguments, same bytes")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def shape_of(args, parser, group: int) -> Shape:
    """The shape with the changes asked for. A shape that no format can hold is refused."""
    changes = {f.name: getattr(args, f.name) for f in dataclasses.fields(Shape)
               if getattr(args, f.name, None) is not None}
    shape = dataclasses.replace(SHAPES[args.shape], **changes)
    if shape.heads % shape.kv_heads:
        parser.error(f"--heads {shape.heads} is no multiple of --kv-heads {shape.kv_heads}")
    if shape.head_dim % 2:
        parser.error(f"--head-dim {shape.head_dim} is odd")
    for name, size in [("--width", shape.width), ("--ffn", shape.ffn),
                       ("heads * head-dim", shape.heads * shape.head_dim)]:
        if size % group:
            parser.error(f"{name} {size} is no multiple of {group}, the format's group")
    return shape
