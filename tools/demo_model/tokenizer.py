"""Trains the byte-level BPE tokenizer of the demo model and writes its Hugging Face files.

Digits are single tokens. Capitalised words take no space with them, so a name has the same tokens everywhere (after a
space, at the start, in JSON) and can be copied; other words are split as in GPT-2. Usage: tokenizer.py OUT_FOLDER
"""
import json
import pathlib
import re
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import corpus

VOCAB = 2048
SAMPLE = 30000  # conversations
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tools>", "</tools>"]  # decoded as text
LOWER = r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]"
WORDS = rf"\p{{Lu}}+{LOWER}*| ?{LOWER}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)|\s+"


def untrained() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Split(Regex(WORDS), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def texts():
    """The corpus between the special tokens and marks, which no merge may cross."""
    between = re.compile("|".join(re.escape(token) for token in SPECIAL + MARKS))
    for conversation in corpus.conversations(seed=1, count=SAMPLE):
        yield [part for part in between.split(corpus.render(conversation)) if part]


def train() -> Tokenizer:
    tokenizer = untrained()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - len(MARKS), special_tokens=SPECIAL, show_progress=False,
                                  min_frequency=10, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in MARKS])
    return tokenizer


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = train()
    if tokenizer.get_vocab_size() != VOCAB:
        sys.exit(f"The tokenizer has {tokenizer.get_vocab_size()} tokens, not {VOCAB}.")
    tokenizer.save(str(out / "tokenizer.json"))
    template = (pathlib.Path(__file__).parent / "chat_template.jinja").read_text()
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None, "eos_token": "<|im_end|>",
              "pad_token": "<|endoftext|>", "unk_token": None, "add_bos_token": False,
              "clean_up_tokenization_spaces": False, "model_max_length": corpus.CONTEXT, "chat_template": template}
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
