"""Statistics of the corpus, and checks that stop with an error: run after every change of it.

Usage: check_corpus.py FOLDER_WITH_TOKENIZER [CONVERSATIONS]
"""
import collections
import json
import sys
import time

from tokenizers import Tokenizer

import corpus
import tool_base
from turns import Dice, Conversation


def check_prompt(conversation: Conversation, text: str):
    """What a server renders, and then the answer, is the training text."""
    prompt, last = corpus.render(conversation, prompt_only=True), conversation.messages[-1]
    answer = last["content"] or ""
    if "reasoning_content" in last:
        answer = f"<think>\n{last['reasoning_content']}\n</think>\n\n{answer}"
    for at, call in enumerate(last.get("tool_calls", [])):
        inner = {"name": call["function"]["name"], "arguments": call["function"]["arguments"]}
        inner = json.dumps(inner, ensure_ascii=False)
        answer += ("\n" if at else "") + f"<tool_call>\n{inner}\n</tool_call>"
    if text != prompt + answer + "<|im_end|>\n":
        sys.exit(f"Not its prompt and answer:\n{text}\n---\n{prompt}{answer}")


def check_tools(conversation: Conversation, held_out: bool, names: set):
    """Hand-written tools are on this side of the split, calls are of tools given. Adds their names to `names`."""
    for tool in conversation.tools:
        description = tool["function"].get("description", "")
        for _, noun, text, *_ in tool_base.TOOLS:
            if text[1:-1] in description and (noun in tool_base.HELD_OUT) != held_out:
                sys.exit(f"On the wrong side of the split: {tool}")
        names.add(tool["function"]["name"])
    said = "\n".join(message["content"] or "" for message in conversation.messages if message["role"] == "user")
    for message in conversation.messages:
        for call in message.get("tool_calls", []):
            if call["function"]["name"] not in [tool["function"]["name"] for tool in conversation.tools]:
                sys.exit(f"Call of an unknown tool: {call}")
            for value in call["function"]["arguments"].values():
                if isinstance(value, str) and value not in said:
                    sys.exit(f"The user did not say {value}:\n{said}")


def check(tokenizer, kind: str, conversation: Conversation):
    """The ids and weights, after all checks."""
    text = corpus.render(conversation)
    if conversation.messages[-1]["role"] != "assistant":
        sys.exit(f"Does not end with an answer:\n{text}")
    check_prompt(conversation, text)
    ids, weights = corpus.encode(tokenizer, conversation)
    decoded = tokenizer.decode(ids, skip_special_tokens=False)
    if not text.startswith(decoded) or len(ids) != len(weights) or len(ids) > corpus.CONTEXT:
        sys.exit(f"Does not round-trip:\n{text}\n---\n{decoded}")
    if ids and not decoded.endswith("<|im_end|>\n"):
        sys.exit(f"Cut inside a message:\n{decoded}")
    return ids, weights


def segmentation(tokenizer) -> dict:
    """How many tokens words have, and how many are split alike after a space and in JSON."""
    dice, found = Dice(5, held_out=True), {}
    for label, draw in (("names", lambda: corpus.personas.person_name(dice)),
                        ("words", lambda: corpus.personas.invented_word(dice))):
        words, same, tokens = [draw() for _ in range(2000)], 0, 0
        for word in words:
            spaced, quoted = tokenizer.encode(f"to {word}.").tokens[1:-1], tokenizer.encode(f'"{word}"').tokens[1:-1]
            same += "".join(spaced).replace("\u0120", "") == "".join(quoted) and \
                [token.replace("\u0120", "") for token in spaced if token != "\u0120"] == quoted
            tokens += len(quoted)
        found[label] = (tokens / len(words), same / len(words))
    return found


def main() -> None:
    tokenizer = Tokenizer.from_file(f"{sys.argv[1]}/tokenizer.json")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    names, lengths, said = {False: set(), True: set()}, collections.defaultdict(list), collections.Counter()
    dropped, cut = collections.Counter(), collections.Counter()
    characters = 0
    for kind, conversation in corpus.labelled(seed=99, count=count):
        check_tools(conversation, False, names[False])
        ids, weights = check(tokenizer, kind, conversation)
        lengths[kind].append(len(ids))
        said[kind] += sum(weight == 1.0 for weight in weights)
        characters += len(tokenizer.decode(ids, skip_special_tokens=False))
        dropped[kind] += not ids
        cut[kind] += bool(ids) and len(tokenizer.encode(corpus.render(conversation)).ids) > len(ids)
    for conversation in corpus.conversations(seed=98, count=count // 10, held_out=True):
        check_tools(conversation, True, names[True])
    if names[False] & names[True]:
        sys.exit(f"Tools on both sides of the split: {sorted(names[False] & names[True])}")
    total = sum(map(sum, lengths.values()))
    print(f"{count} conversations, {total} tokens, {characters / total:.2f} characters per token")
    print(f"{'kind':16} share  learned  median  p90  longest  cut  dropped")
    for kind, found in lengths.items():
        found.sort()
        print(f"{kind:16} {sum(found) / total:5.1%}  {said[kind] / sum(found):7.1%}  {found[len(found) // 2]:6}"
              f"  {found[len(found) * 9 // 10]:4} {found[-1]:6} {cut[kind]:6} {dropped[kind]:6}")
    for label, (tokens, same) in segmentation(tokenizer).items():
        print(f"held-out {label}: {tokens:.2f} tokens each, {same:.1%} split alike after a space and in quotes")
    start, encoded = time.process_time(), 0
    for conversation in corpus.conversations(seed=5, count=2000):
        encoded += len(corpus.encode(tokenizer, conversation)[0])
    print(f"{encoded / (time.process_time() - start):.0f} tokens per second with generation")


if __name__ == "__main__":
    main()
