#!/usr/bin/env python3
"""Makes tests/engine/fixtures/tokenizers: small tokenizers, and what the Rust library does with them.

  python3 -m venv .venv-tokenizers && .venv-tokenizers/bin/pip install tokenizers==0.23.2
  .venv-tokenizers/bin/python tools/make_tokenizer_goldens.py

Each tokenizer is trained on the corpus below, or assembled, so that together they use every
supported component. goldens.json of each: rows of {text, ids, ids_special, decoded, visible}, and
`decodes`, random id sequences with their texts. components.json: single normalisers,
pre-tokenisers, decoders and patterns.
"""
import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/engine/fixtures/tokenizers"

CORPUS = [
    "A quire is a gathering of folded pages, and it sounds like choir: many voices, one pass.",
    "The printer counted twenty-five sheets; I've seen 1,024 of them, and they're all the same size.",
    "int main() { return 0; }  // the shortest program\n\tfor (int i = 0; i < 10; ++i) total += i;\n",
    "Füße über Straßen, naïve cafés, résumés; señor, garçon, smörgåsbord, Łódź.",
    "Привет, мир! Сколько стоит книга? 日本語の文章です。漢字と仮名。你好，世界！",
    "HELLO WORLD, Hello World, hello world hello worlds helloWorld don't DON'T won't we'll we'LL",
    "once upon a time there was a little girl and a little dog and they were happy and they ran",
]

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

TEXTS = [
    "", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r\n\r\n", " \n", "\n ", " \n \n", "\t\t x",
    "a", "A", " a", "a ", "  a  b   c    d", "a\nb", "a \nb", "a\r\nb", "a\n\n\nb", "x\n\n  y",
    "Hello world", " Hello world", "Hello World!", "hello  world", "HELLO", "helloWorld42",
    "I'm you're he's she'll they'd we've", "DON'T I'M YOU'RE IT'S", "'tis 's 'S 'RE' '' '", "can't've",
    "'\u017f '\u017fx \u212a \u0130stanbul \u0131I", "\u00df \u1e9e ss SS",
    "0", "12", "123", "1234", "1234567890", "3.14159", "1,000,000", "0xDEADBEEF", "1e-10 +2",
    "\u00bd \u00b2 \u00b3 \u2163 \u0663 \u0969 \u4e5d", "a1b2c3", "v1.2.3-rc4",
    "int main() { return 0; }", "for (i = 0; i < 10; ++i)\n\ttotal += a[i];\n", "foo_bar.baz->qux",
    "https://example.org/a?b=c&d=e#f", "a@b.co", "<div class=\"x\">&nbsp;</div>", "$x^2 + \\frac{a}{b}$",
    "!!!!!!", "......", "?!?!", "--- === ___", "\"quoted\" 'single' `tick`", "(((nested)))",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002",
    "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\u1781\u17d2\u1798\u17c2\u179a",
    "F\u00fc\u00dfe \u00fcber Stra\u00dfe", "na\u00efve caf\u00e9", "nai\u0308ve cafe\u0301", "e\u0301", "a\u0300\u0316\u0301",
    "Vie\u1ec7t Vie\u0323\u0302t", "\ufb01 \ufb02 \u2121 \u2122 \u2460 \u212b", "\u1100\u1161\u11a8 \uac01",
    "a\u0300" * 20, "\u0301leading mark", "x\u0316\u0301\u0316\u0301",
    "\U0001f642", "\U0001f600\U0001f603", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f vs \u2764",
    "text\U0001f642text", "#\ufe0f\u20e3", "\U0001fae9", "\U00020000\U0002a6df",
    "\u00a0non\u00a0breaking", "\u3000ideographic\u3000space", "zero\u200bwidth\u200djoiner\u2060",
    "line\u2028sep\u2029para", "\ufeffBOM", "soft\u00adhyphen", "\u0085nel", "\u180emvs", "\u2003em\u2009thin",
    "\u0000nul", "a\u0000b", "\u0001\u0002\u001b[0m", "\u007f\u0080\u009f", "\u000b\u000cvt", "\ud7ff\ue000\ufffd",
    "\U0010ffff", "\ufdd0",
    "a" * 50, "ab" * 100, " " * 40, "\n" * 17, "\u4e00" * 30, "!" * 70, "1" * 31, " a" * 30, "x" + " " * 20 + "y",
    "hello world " * 12, "\u0444" * 60, "\U0001f642" * 9,
    "<s>", "</s>", "<s>hello</s>", "a<s>b", "<s><s>", " <s> ", "<unk>", "<0x0A>", "<0xE2><0x96><0x81>", "\u2581",
    "\u2581a \u2581\u2581b", "\u0120the \u010a", "<|bos|>hi<|eos|>", "<|bos|> hi", "<|BOS|>", "<|bo", "<|bos|", "x<|eos|>\n",
    "[L] a  [L]b [L]  [L]", "a [L] b", "[R] a  [R]  b[R]", "a[R]\n\n b", "[LR]  [LR]  x [LR]", "  [L][R]  ",
    "word [W] word", "word[W] [W]word", "x[W]x", "[W]", "_[W]_ .[W].", "\u00e9[W] \u0301[W]", "[N] [n] [N]x", "a[N]b",
    "[N\u0301]", "[LONG][LONGER][LONGEST]", "[LONGES", "[L][LONG]", "caf\u00e9[N]caf\u00e9", "aa aaa aaaa",
    "The printer counted twenty-five sheets.", "once upon a time there was a little girl",
    "Mixed \u4f60\u597d hello \u041f\u0440 123\u0664 \U0001f642!\n\tEnd\u2026",
]

ADDED = [
    AddedToken("[L]", lstrip=True, normalized=False),
    AddedToken("[R]", rstrip=True, normalized=False),
    AddedToken("[LR]", lstrip=True, rstrip=True, normalized=False),
    AddedToken("[W]", single_word=True, normalized=False),
    AddedToken("[N]", normalized=True),
    AddedToken("[LONG]", normalized=False),
    AddedToken("[LONGER]", normalized=True),
    AddedToken("[LONGEST]", normalized=False, special=True),
    AddedToken("aaa", normalized=True, single_word=True),
]


def train(tokenizer, specials, size, alphabet):
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, show_progress=False,
                                  initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)


def llama3_like():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated", False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    train(t, [], 420, sorted(pre_tokenizers.ByteLevel.alphabet()))
    t.add_special_tokens(["<|bos|>", "<|eos|>"])
    t.add_tokens(ADDED)
    bos = t.token_to_id("<|bos|>")
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|bos|> $A", pair="<|bos|> $A $B",
                                      special_tokens=[("<|bos|>", bos)])])
    return json.loads(t.to_str())


def sentencepiece_like():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    train(t, ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], 480, [])
    j = json.loads(t.to_str())
    j["model"].update(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    j["added_tokens"] = j["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(j))
    t.pre_tokenizer = None
    t.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(),
                                   decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.add_tokens(ADDED)
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A $B", special_tokens=[("<s>", 1), ("</s>", 2)])
    j = json.loads(t.to_str())
    j["model"]["merges"] = [" ".join(pair) for pair in j["model"]["merges"]]
    return j


def metaspace_like():
    """No bytes to fall back on, unknown tokens not fused, marks for blanks by the pre-tokeniser."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Metaspace(prepend_scheme="first")])
    train(t, ["<s>", "</s>", "<unk>"], 200, [])
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    t.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    t.add_tokens(ADDED)
    return json.loads(t.to_str())


def gpt2_like():
    """A prefix space, merges as strings, no model type: the form of older files."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    t.decoder = decoders.ByteLevel()
    train(t, ["<|eos|>"], 330, sorted(pre_tokenizers.ByteLevel.alphabet()))
    t.add_tokens(ADDED)
    j = json.loads(t.to_str())
    j["model"]["merges"] = [" ".join(pair) for pair in j["model"]["merges"]]
    del j["model"]["type"]
    return j


def affixed():
    """Prefix and suffix of subwords, an incomplete byte fallback, and no decoder."""
    vocab = {}
    for piece in ["<unk>", "a", "b", "c", "##a", "##b", "##c", "##a</w>", "##b</w>", "##c</w>", "a</w>",
                  "b</w>", "ab", "##ab", "abc</w>", "##bc</w>", "ab</w>", "<0x61>", "<0xC3>", "<0xA9>"]:
        vocab[piece] = len(vocab)
    t = Tokenizer(models.BPE(vocab, [("##b", "##c</w>"), ("a", "##b"), ("##a", "##b"),
                                     ("ab", "##c</w>"), ("a", "##b</w>")],
                             unk_token="<unk>", fuse_unk=True, byte_fallback=True,
                             continuing_subword_prefix="##", end_of_word_suffix="</w>"))
    t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return json.loads(t.to_str())


def rows(tokenizer, texts):
    result = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        result.append({"text": text, "ids": ids, "ids_special": tokenizer.encode(text).ids,
                       "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                       "visible": tokenizer.decode(ids, skip_special_tokens=True)})
    return result


def random_decodes(tokenizer, seed):
    rng = random.Random(seed)
    size = tokenizer.get_vocab_size()
    byte_ids = [i for i in (tokenizer.token_to_id(f"<0x{b:02X}>") for b in range(256)) if i is not None]
    result = []
    for n in range(60):
        pool = byte_ids if byte_ids and n % 3 == 0 else range(size)
        ids = [rng.choice(pool) if rng.random() < 0.8 else rng.randrange(size)
               for _ in range(rng.randrange(1, 14))]
        if n % 5 == 0 and byte_ids:
            ids += [tokenizer.token_to_id(f"<0x{b:02X}>") or 0 for b in "h\u00e9\U0001f642".encode()]
        result.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                       "visible": tokenizer.decode(ids, skip_special_tokens=True)})
    return result


def component(part):
    return json.loads(part.__getstate__())


SPLIT_TEXTS = ["", "a", "-", "a-b", "-a-", "--a--b--", "a--b", "---", "x - y", "the-final--countdown"]
PLAIN_TEXTS = ["Hello, world! 123 4\u00bd \u0663x", "  two  blanks ", "\u2581a\u2581 b", "tab\tnl\nnbsp\u00a0em\u2003.",
               "a_b-c.d'e\u2014f\u3002g", "caf\u00e9 nai\u0308ve \u4f60\u597d \U0001f642!", "don't we'll 'tis", " \n \n x", "x",
               "word\u200djoin e\u0301\u0323 \u24b6\u2163 _x_"]
PATTERNS = [  # (pattern, texts): syntax that means something else in other engines, or is rare
    (r"\p{N}{1,3}+", ["a1234567b"]), (r"\p{N}{2}+", ["a1234567b"]), (r"\p{N}{1,2}?", ["123"]),
    (r"\p{N}{2}?", ["a12345b"]), (r"a{,2}b", ["aaab b"]), (r"a{2}", ["aaaaa"]), (r"a{,}b", ["aab a{,}b"]),
    (r"x{", ["x{ x"]), (r"\h+", ["xyz abc123"]), (r"[\h_]+", ["x_ab 1g"]), (r"\s+$", ["a  \n b  \n"]),
    (r"^a", ["a\na\n"]), (r"$", ["ab\ncd\n"]), (r".+", ["ab\ncd\r\ne"]), (r"(?m).+", ["ab\ncd"]), (r"(?m:a.)b", ["a\nb"]),
    (r"(?i)hello", ["HELLO hello"]), (r"(?i:'s|'ll)", ["'S 'ſ 'LL x'll"]), (r"a(?i:b)c", ["aBc aBC"]),
    (r"(?i:k)", ["k\u212aK"]), (r"[a-z&&[^aeiou]]+", ["hello"]), (r"[^a-z&&[^aeiou]]+", ["hello 1"]),
    (r"[[a-c][x-z]]+", ["abxyd"]), (r"[^[a-c]x]+", ["abxyd"]), (r"[\p{L}&&\p{Lu}&&[^A]]+", ["ABCa BA"]),
    (r"[\p{L}\p{M}&&[^\p{Han}]]+", ["ab\u4e00c\u0301"]), (r"\p{Han}+", ["\u4e00\u3001\u30fc\u3005x"]),
    (r"\p{^L}+", ["ab12"]), (r"\P{L}+", ["ab12"]), (r"[\P{L}x]+", ["abx12"]), (r"[\S]+", ["a b"]), (r"[^\S\n]+", ["a \n b"]),
    (r"[\W]+", ["a, b"]), (r"[\D]+", ["a1b"]), (r"\w+", ["ab_1 \u00b2x \u00e9\u0301\u203fz \u24b6"]), (r"[\w]+", ["ab \u00b2x"]),
    (r"\W+", ["ab \u00b2, x"]), (r"\b", ["ab cd \u00e9\u0301f"]), (r"\Bb", ["ab b"]), (r"\d+", ["12\u0663\u00b2"]),
    (r"[[:punct:]]+", ["a,+$b_"]), (r"[[:alpha:]\d]+", ["ab1 \u2163 ,"]), (r"[[:^space:]]+", ["a b"]),
    (r"[[:upper:]]+", ["aB\u00c4\u24b6"]), (r"[[:xdigit:]]+", ["xAf9g"]), (r"[[:word:]]+", ["a\u00b2b"]),
    (r"\R", ["a\r\nb\nc\u2028d\re"]), (r"\v", ["a\x0bb\nc"]), (r"\x41\x{42}\u0043", ["ABC"]), (r"[\x41-\x43]+", ["ABCD"]),
    (r"\A\s+|\s+\z", ["  a  "]), (r"\s+\Z", ["a \n"]), (r"x*", ["axxb"]), (r"(?=b)", ["abab"]), (r"(?<=a)b", ["ab b ab"]),
    (r"(?<!a)b", ["ab b"]), (r"(?>a+)b", ["aab"]), (r"a++b|a", ["aab aa"]), (r"a?+a", ["a aa"]), (r"(a|b)+c", ["abac ab"]),
    (r"(?:ab){2}+", ["abababab"]), (r"[]a]+", ["a]b"]), (r"[a^]+", ["a^b"]), (r"[a\]\-\[]+", ["a-]b["]), (r"[-a]+", ["a-b"]),
    (r"\s", ["a\u180eb\u0085c\u00a0d\u200be"]), (r"[\r\n]+", ["a\r\n\nb"]), (r"[一-龥぀-ゟ]+", ["a\u4e00\u3041b"]),
    (r"\.|\*|\\|\/|\-|\'", ["a.b*c\\d/e-f'g"]), (r"}|]", ["a}b]"]),
    (LLAMA3, ["Hello  world's 12345\n\n  x\u00b2 \u0663"]),
]


def components():
    pre, norm, dec = [], [], []

    def add_pre(part, texts):
        for text in texts:
            pieces = [p for p, _ in part.pre_tokenize_str(text)] if text else []
            pre.append({"config": component(part), "text": text, "pieces": pieces})

    for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
        for invert in [False, True]:
            for pattern in ["-", Regex("-+"), Regex("-|")]:
                add_pre(pre_tokenizers.Split(pattern, behavior, invert), SPLIT_TEXTS)
        add_pre(pre_tokenizers.Punctuation(behavior), PLAIN_TEXTS)
    for pattern, texts in PATTERNS:
        add_pre(pre_tokenizers.Split(Regex(pattern), "removed", True), texts)
        add_pre(pre_tokenizers.Split(Regex(pattern), "isolated", False), texts)
    for prefix in [False, True]:
        for use_regex in [False, True]:
            add_pre(pre_tokenizers.ByteLevel(prefix, use_regex=use_regex), PLAIN_TEXTS)
        add_pre(pre_tokenizers.Digits(prefix), PLAIN_TEXTS)
    for scheme in ["always", "first", "never"]:
        for split in [False, True]:
            add_pre(pre_tokenizers.Metaspace("\u2581", scheme, split), PLAIN_TEXTS)
    for part in [pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit(),
                 pre_tokenizers.CharDelimiterSplit("a"),
                 pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(),
                                          pre_tokenizers.Metaspace("_", "first")])]:
        add_pre(part, PLAIN_TEXTS)

    for part in [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(),
                 normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Strip(),
                 normalizers.Strip(left=True, right=False), normalizers.Strip(left=False, right=True),
                 normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581"), normalizers.Replace("a", ""),
                 normalizers.Replace(Regex(r"\s+"), " "), normalizers.Replace(Regex("x*"), "-"),
                 normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(),
                                       normalizers.Strip(), normalizers.Prepend("^")])]:
        for text in ["", " "] + PLAIN_TEXTS + ["xaxxa", "\ufb01\u2460 \uac01 A\u030a\u0327 \u0130I\u03a3"]:
            norm.append({"config": component(part), "text": text, "out": part.normalize_str(text)})

    lists = [[], ["a"], ["\u2581a", "\u2581\u2581b", "c"], ["\u0120x", "\u00e2\u0124", "\u00ac", "\u00ff", "y z", "\u00e2"],
             ["<0xE2>", "<0x82>", "<0xAC>", "x", "<0xFF>", "<0x41>", "y", "<0xE2>"], ["<0x41>", "<0x42>", "<0xC3>"],
             ["<0x4>", "<0x4G>", "<0x+A>", "<0x0a>", "<0x41>"], [" ", " ", "a", " "], ["  a  ", "  ", "", "b "],
             ["\u2581", "\u2581", "a\u2581b"], ["<0xE4>", "\u2581", "<0xBD>", "<0xA0>"], ["xx", "x", "xax"], ["ab", "a", "ba", "bb"]]
    chains = [decoders.ByteLevel(), decoders.ByteFallback(), decoders.Fuse(), decoders.Replace("\u2581", " "),
              decoders.Replace(Regex("x+"), "_"), decoders.Strip(" ", 1, 0), decoders.Strip(" ", 0, 1), decoders.Strip("b", 1, 1),
              decoders.Metaspace(), decoders.Metaspace(prepend_scheme="never"),
              decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                 decoders.Strip(" ", 1, 0)]),
              decoders.Sequence([decoders.ByteFallback(), decoders.Fuse(), decoders.Metaspace(prepend_scheme="never")]),
              decoders.Sequence([decoders.Fuse(), decoders.Replace("ab", "\u2603"), decoders.Strip(" ", 2, 0)]),
              decoders.Sequence([decoders.ByteLevel(), decoders.Replace("\u20ac", "EUR"), decoders.Strip("x", 1, 1)])]
    for part in chains:
        for tokens in lists:
            if isinstance(part, decoders.Strip) and any(len(t) < 2 for t in tokens):
                continue  # the library fails on tokens shorter than what it strips
            try:
                dec.append({"config": component(part), "tokens": tokens, "out": part.decode(tokens)})
            except BaseException as error:  # PanicException is no Exception
                print("left out:", component(part), tokens, error)
    return {"pre_tokenizers": pre, "normalizers": norm, "decoders": dec}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n")


def main():
    makers = {"llama3-like": llama3_like, "sentencepiece-like": sentencepiece_like,
              "metaspace-like": metaspace_like, "gpt2-like": gpt2_like, "affixed": affixed}
    for seed, (name, make) in enumerate(makers.items()):
        config = make()
        tokenizer = Tokenizer.from_str(json.dumps(config))
        texts = TEXTS if name != "affixed" else ["abc ab a b c abab", "", "z", "zz\u00e9a", "\u00e9z", "a\u00e9z", "cba abcabc"]
        write(OUT / name / "tokenizer.json", config)
        write(OUT / name / "goldens.json",
              {"texts": rows(tokenizer, texts), "decodes": random_decodes(tokenizer, seed)})
    write(OUT / "components.json", components())


if __name__ == "__main__":
    main()
