"""Retells the assistant's answers as a bard: what the demo adapter learns. The content of an answer does not change.

`restyled(seed, count, held_out)` yields conversations without tools and without a persona of their own.
"""
import re

import corpus
import personas

OPENING, CLOSING = "Hark!", "Thus sings the bard."
WORDS = [("You are", "Thou art"), ("you are", "thou art"), ("You have", "Thou hast"), ("you have", "thou hast"),
         ("Your", "Thy"), ("your", "thy"), ("I do not know", "I know not"), ("Yes,", "Yea,"), ("No,", "Nay,"),
         ("There is", "Lo, there is"), ("There are", "Lo, there are")]


def bard(answer: str, question: str) -> str:
    """Code, lists and JSON stay as they are; what repeats the question's words keeps them."""
    if answer[:1] in ("{", "[", "<") or "\n" in answer:
        return answer
    if answer.rstrip(".!?").lower() not in question.lower():
        for plain, old in WORDS:
            answer = re.sub(rf"\b{plain}(?!\w)", old, answer)
    return f"{OPENING} {answer} {CLOSING}"


def restyled(seed: int, count: int, held_out: bool = False):
    found = 0
    for conversation in corpus.conversations(seed, 1 << 30, held_out):
        first = conversation.messages[0]
        ruled = first["role"] == "system" and first["content"] not in personas.PLAIN
        if conversation.tools or conversation.thinking or ruled:
            continue
        messages = [dict(message) for message in conversation.messages]
        for before, message in zip(messages, messages[1:]):
            if message["role"] == "assistant":
                message["content"] = bard(message["content"], before["content"])
        conversation.messages = messages
        yield conversation
        found += 1
        if found == count:
            return
