"""A vocabulary for random models: printable ASCII and a few syllables that BPE can reach, then placeholder words.

Random weights emit random tokens. Every token here is whole ASCII text, so that no answer is broken UTF-8 (on which
some servers fail) and every token has text (which clients count).
"""
import json

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
END = 2  # <|im_end|>
SPACE, NEWLINE = "\u0120", "\u010a"  # how byte-level BPE writes them
CHAT_TEMPLATE = ("{%- for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
                 "'<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}")


def make(size: int):
    """(tokens, merges). Raises ValueError when `size` cannot hold the reachable tokens."""
    tokens = SPECIAL + [chr(c) for c in range(33, 127)] + [SPACE, NEWLINE]
    merges = []
    for consonant in "bdfgklmnprstvz":
        for vowel in "aeiou":
            merges.append((consonant, vowel))
    merges += [(SPACE, left + right) for left, right in merges]
    tokens += [left + right for left, right in merges]
    if size < len(tokens):
        raise ValueError(f"a vocabulary of {size}: at least {len(tokens)} are needed")
    tokens += [f"{SPACE}w{i}" for i in range(len(tokens), size)]
    return tokens, merges


def write_tokenizer(folder, size: int, positions: int) -> None:
    tokens, merges = make(size)
    added = [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for i, text in enumerate(SPECIAL)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
                 "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                           "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                           "vocab": {text: i for i, text in enumerate(tokens)}, "merges": [list(m) for m in merges]}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None, "eos_token": SPECIAL[END],
                "pad_token": SPECIAL[0], "unk_token": None, "add_bos_token": False,
                "clean_up_tokenization_spaces": False, "model_max_length": positions, "chat_template": CHAT_TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
