#!/usr/bin/env python3
"""How well the demo model does on what no training text holds, asked through a running `quire serve`.

Usage: evaluate.py [--binary FILE] [--model FOLDER] [--items N] [--only TEXT] [--failures FILE]
Prints Markdown: accuracy by task, perplexity of the answers, sample conversations. Standard library only.
"""
import argparse
import concurrent.futures
import math
import pathlib
import re
import sys
import time
import zlib

import cases
import tour
from judging import Verdict, judge, judge_free
from serving import BINARY, Refused, served
from turns import Dice

CLIENTS = 16  # questions at the same time
SEED = 987654321
TURN = re.compile(r"<\|im_start\|>assistant\n(.*?<\|im_end\|>)", re.DOTALL)


class Progress:
    """A bar on standard error."""

    def __init__(self, total: int):
        self.total, self.done, self.shown = total, 0, 0.0

    def step(self, what: str):
        self.done += 1
        now = time.monotonic()
        if now - self.shown < 0.2 and self.done < self.total:
            return
        self.shown = now
        filled = 30 * self.done // self.total
        end = "\n" if self.done == self.total else ""
        print(f"\r[{'#' * filled}{'.' * (30 - filled)}] {self.done}/{self.total} {what:50.50}", end=end,
              file=sys.stderr, flush=True)


def wilson(right: int, count: int):
    """The 95 % interval of a share (E. B. Wilson, 1927)."""
    z, share = 1.96, right / count
    middle = share + z * z / (2 * count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [(middle + sign * width) / (1 + z * z / count) for sign in (-1, 1)]


def ask(client, case):
    """(verdict, the answer's text, tokens of the prompt)."""
    try:
        text, finish, tokens = client.answer(case.messages, case.tools, case.thinking, case.most_tokens)
    except Refused as error:
        return Verdict.WRONG, str(error), 0
    if case.free:
        return judge_free(case.messages[-1]["content"], case.expected, text, finish), text, tokens
    return judge(case.expected, text, finish, case.thinking), text, tokens


def dice_of(title: str) -> Dice:
    """Each row has dice of its own, so a new row does not change the items of the others. The two rows of a pair have
    the same items."""
    return Dice(SEED + zlib.crc32(title.encode()), held_out=True)


def measure(client, rows, count: int):
    """Per row: [(case, verdict, answer, prompt tokens)]. Cases are drawn here, asked by the pool."""
    progress = Progress(len(rows) * count)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        waiting = []
        for row in rows:
            rng = dice_of(f"{row.group}: {row.title}")
            drawn = [row.draw(rng, client) for _ in range(count)]
            waiting.append((row, [(case, pool.submit(ask, client, case)) for case in drawn]))
        results = []
        for row, asked in waiting:
            results.append((row, []))
            for case, future in asked:
                results[-1][1].append((case, *future.result()))
                progress.step(row.title)
    return results


def percents(right: int, count: int) -> str:
    low, high = (round(100 * share) for share in wilson(right, count))
    return f"{low} to {high}"


def cells(right: int, spaces: int, count: int) -> str:
    return f"| {100 * right / count:.1f} % | {percents(right, count)} % | {count} | {spaces or ''} |"


def tally(items):
    verdicts = [verdict for _, verdict, _, _ in items]
    return verdicts.count(Verdict.RIGHT), verdicts.count(Verdict.SPACES), len(items)


def print_summary(results):
    print("\n| group | right | 95 % interval | items | only spaces differ |\n|---|--:|--:|--:|--:|")
    for group in dict.fromkeys((row.group, row.pair) for row, _ in results):
        tallies = [tally(items) for row, items in results if (row.group, row.pair) == group]
        name = ": ".join(part for part in group if part)
        print(f"| {name} {cells(*(sum(column) for column in zip(*tallies)))}")


def print_tables(results):
    """A table per group, and its sum."""
    for group in dict.fromkeys(row.group for row, _ in results):
        chosen = [(row, items) for row, items in results if row.group == group]
        if chosen[0][0].pair:
            print_pairs(group, chosen)
            continue
        print(f"\n### {group}\n\n| task | right | 95 % interval | items | only spaces differ |\n|---|--:|--:|--:|--:|")
        for row, items in chosen:
            print(f"| {row.title} {cells(*tally(items))}")
        if len(chosen) > 1:
            print(f"| **all** {cells(*(sum(column) for column in zip(*(tally(items) for _, items in chosen))))}")
        lengths = [tokens for row, items in chosen if row.shows_length for *_, tokens in items if tokens]
        if lengths:
            print(f"\nPrompts of {min(lengths)} to {max(lengths)} tokens, {sum(lengths) // len(lengths)} on average.")


def print_pairs(group: str, chosen):
    """Rows that were asked the same in two ways, side by side."""
    print(f"\n### {group}\n\n| task | {chosen[0][0].pair} | {chosen[1][0].pair} | items of each |\n|---|--:|--:|--:|")
    sums = [[0, 0], [0, 0]]
    for pair in zip(chosen[::2], chosen[1::2]):
        tallies = [tally(items) for _, items in pair]
        shares = [f"{100 * right / count:.1f} % ({percents(right, count)})" for right, _, count in tallies]
        print(f"| {pair[0][0].title} | {shares[0]} | {shares[1]} | {tallies[0][2]} |")
        sums = [[a + right, b + count] for (a, b), (right, _, count) in zip(sums, tallies)]
    shares = [f"{100 * right / count:.1f} % ({percents(right, count)})" for right, count in sums]
    print(f"| **all** | {shares[0]} | {shares[1]} | {sums[0][1]} |")


def write_failures(path: pathlib.Path, results):
    with path.open("w") as out:
        for row, items in results:
            for case, verdict, found, tokens in items:
                if verdict is Verdict.RIGHT:
                    continue
                out.write(f"## {row.group}: {row.title} {row.pair} ({verdict.value}, {tokens} tokens)\n")
                for message in case.messages[-3:]:
                    out.write(f"{message['role']}: {message.get('content')} {message.get('tool_calls', '')}\n")
                wanted = {key: value for key, value in case.expected.items() if key != "role" and value}
                out.write(f"WANTED {wanted}\nFOUND  {found!r}\n\n")


def perplexity(client, count: int):
    """(perplexity per token, tokens, conversations) of the answers in held-out conversations that fit the context.
    The end of the turn counts as a token."""
    rng, scores, fitting = dice_of("perplexity"), [], 0
    progress = Progress(count)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        drawn = [cases.whole_conversation(rng) for _ in range(count)]
        for found in pool.map(lambda talk: answer_scores(client, talk), drawn):
            scores += found
            fitting += bool(found)
            progress.step("perplexity")
    return math.exp(-sum(scores) / max(1, len(scores))), len(scores), fitting


def answer_scores(client, talk) -> list:
    """Logprobs of the tokens in the answers that training learns from."""
    try:
        text = client.render(talk.messages, talk.tools, talk.thinking)
        scores = client.scores(text)
    except Refused:
        return []
    spans = [found.span(1) for found in TURN.finditer(text)]
    spans = spans[-1:] if talk.learn == "last" else spans
    return [score for offset, score in scores if any(start <= offset < end for start, end in spans)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--model", type=pathlib.Path, help="a model folder; default: the embedded model")
    parser.add_argument("--items", type=int, default=100, help="items per task (default 100)")
    parser.add_argument("--only", default="", help="only rows whose group or title contains this text")
    parser.add_argument("--failures", type=pathlib.Path, help="write what was not right into this file")
    options = parser.parse_args()
    rows = [row for row in cases.rows() if options.only.lower() in f"{row.group}: {row.title}".lower()]
    with served(options.binary, options.model) as client:
        results = measure(client, rows, options.items)
        print("## Accuracy on held-out tasks")
        print_summary(results)
        print_tables(results)
        if options.failures:
            write_failures(options.failures, results)
        if options.only:
            return
        value, tokens, fitting = perplexity(client, 2 * options.items)
        print(f"\n## Perplexity\n\n{value:.3f} per token of the answers: {tokens} tokens in {fitting} held-out "
              "conversations.\n\n## Sample conversations\n")
        print(tour.render(tour.replay(client, tour.load())))


if __name__ == "__main__":
    main()
