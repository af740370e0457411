"""Whether an answer is the right one: by equality, with tool calls and JSON compared as JSON.

Stories, poems and jokes have many right wordings; there an answer must name what was asked for and end properly.
"""
import enum
import json
import re

from serving import message_of

FILLERS = set("about and can could for from give have hear her him his how into its like make may more once one please "
              "short small some story tale tell that the their them then there they this time want was what where "
              "who with would write you your".split())


class Verdict(enum.Enum):
    RIGHT = "right"
    SPACES = "right but for white space"
    WRONG = "wrong"


def judge(expected: dict, text: str, finish: str, thinking: bool) -> Verdict:
    """`expected` is the right message. With thinking on there must be reasoning (any), without there must be none."""
    found = message_of(text)
    if finish != "stop" or bool(found.get("reasoning_content")) != thinking:
        return Verdict.WRONG
    if "tool_calls" in expected or "tool_calls" in found:
        same = calls_of(expected) == calls_of(found) and (expected.get("content") or "") == found["content"]
        return Verdict.RIGHT if same else Verdict.WRONG
    if found["content"] == expected["content"]:
        return Verdict.RIGHT
    wanted = as_json(expected["content"])
    if wanted is not None and wanted == as_json(found["content"]):
        return Verdict.SPACES
    return Verdict.WRONG


def judge_free(question: str, expected: dict, text: str, finish: str) -> Verdict:
    """The words that the question and a right answer share (the character, the thing) must be in this answer, too."""
    asked = words_of(question) & words_of(expected["content"]) - FILLERS
    ends = finish == "stop" and text.rstrip('"').endswith((".", "!", "?")) and "<" not in text
    return Verdict.RIGHT if ends and asked <= words_of(text) else Verdict.WRONG


def words_of(text: str) -> set:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 2}


def calls_of(message: dict) -> list:
    """[(name, arguments as sorted JSON)] in the order of the calls."""
    functions = [call.get("function", call) for call in message.get("tool_calls", [])]
    return [(function["name"], json.dumps(arguments_of(function), sort_keys=True)) for function in functions]


def arguments_of(function: dict):
    given = function["arguments"]
    return json.loads(given) if isinstance(given, str) else given


def as_json(text: str):
    """The object or list that the text spells, or None."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None
