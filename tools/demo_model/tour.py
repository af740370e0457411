#!/usr/bin/env python3
"""The tour: conversations with hand-written user sides (tour.json) and the demo model's greedy answers to them.

Usage: tour.py [--record] [--binary FILE] [--model FOLDER]    (asks the server on every ISA of this machine; prints
       the tour, or rewrites tour.json and both READMEs), or: tour.py --check (do the READMEs show what tour.json says?)
"""
import argparse
import json
import pathlib
import sys
import textwrap

from serving import BINARY, ROOT, isas, message_of, served

TOUR = pathlib.Path(__file__).with_name("tour.json")
WIDTH = 110  # of a line in a README
SPEAKERS = {"system": "system", "user": "you", "assistant": "quire", "tool": "tool"}
BEGIN, END = "<!-- tour: written by tools/demo_model/tour.py -->", "<!-- tour ends -->"
PAGES = {"front": ROOT / "README.md", "model": ROOT / "tools/demo_model/README.md"}


def load() -> list:
    return json.loads(TOUR.read_text())


def layout(tour: list) -> str:
    """JSON with a line for each message and tool."""
    talks = []
    for talk in tour:
        fields = []
        for key, value in talk.items():
            text = json.dumps(value)
            if isinstance(value, list):
                text = "[\n" + ",\n".join("   " + json.dumps(part) for part in value) + "]"
            fields.append(f"{json.dumps(key)}: {text}")
        talks.append(" {" + ",\n  ".join(fields) + "}")
    return "[\n" + ",\n".join(talks) + "\n]\n"


def replay(client, tour: list) -> list:
    """The same conversations with the answers that the server gives now. Each answer follows a user's message or
    the last of a row of tool results, and goes back to the server as a client would send it."""
    return [{**talk, "messages": answered(client, talk)} for talk in tour]


def answered(client, talk: dict) -> list:
    said = [message for message in talk["messages"] if message["role"] != "assistant"]
    shown, sent = [], []
    for i, message in enumerate(said):
        shown.append(message)
        sent.append(message)
        more_results = message["role"] == "tool" and i + 1 < len(said) and said[i + 1]["role"] == "tool"
        if message["role"] == "system" or more_results:
            continue
        text, _, _ = client.answer(sent, talk.get("tools", ()), talk.get("thinking", False))
        shown.append({"role": "assistant", "content": text})
        sent.append(message_of(text))
    return shown


def lines_of(speaker: str, text: str) -> list:
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, WIDTH - 8, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{speaker if i == 0 else '':<7} {line}".rstrip() for i, line in enumerate(lines)]


def render(tour: list) -> str:
    """Markdown."""
    parts = []
    for talk in tour:
        lines = []
        for tool in talk.get("tools", ()):
            function = tool["function"]
            names = ", ".join(function["parameters"]["properties"])
            lines += lines_of("has", f"{function['name']}({names}): {function['description']}")
        if talk.get("thinking"):
            lines += lines_of("has", "thinking switched on")
        for message in talk["messages"]:
            lines += lines_of(SPEAKERS[message["role"]], message["content"])
        parts.append("\n".join([f"**{talk['title']}**", "", "```text", *lines, "```"]))
    return "\n\n".join(parts)


def with_section(file: pathlib.Path, body: str) -> str:
    """The file's text with `body` between the markers."""
    before, found, rest = file.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{file} has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def pages(tour: list) -> dict:
    """File -> what it should hold. The front page shows some of the conversations, the model's page the others."""
    return {file: with_section(file, render([talk for talk in tour if talk["page"] == name]))
            for name, file in PAGES.items()}


def stale_pages(tour: list) -> list:
    return [file for file, text in pages(tour).items() if file.read_text() != text]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="ask the server, rewrite tour.json and the READMEs")
    parser.add_argument("--check", action="store_true", help="fail when a README differs from tour.json")
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--model", type=pathlib.Path, help="a model folder; default: the embedded model")
    options = parser.parse_args()
    tour = load()
    if options.check:
        stale = stale_pages(tour)
        sys.exit("".join(f"{file} is not what tour.json renders to\n" for file in stale) or None)
    answers = {}
    for isa in isas(options.binary):
        with served(options.binary, options.model, isa) as client:
            answers[isa] = replay(client, tour)
    tour = next(iter(answers.values()))
    if options.record:
        TOUR.write_text(layout(tour))
        for file, text in pages(tour).items():
            file.write_text(text)
    else:
        print(render(tour))
    for isa, other in answers.items():
        for talk, same in zip(tour, other):
            if talk != same:
                print(f"{isa} answers differently, so choose other questions: {talk['title']}", file=sys.stderr)


if __name__ == "__main__":
    main()
