"""`quire serve` as a process on a free port, and questions to it over its HTTP API.

Standard library only. Whoever has a server already (a test) makes a `Client` from its port.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/bin/quire"
PATIENCE = 240  # seconds
MOST_TOKENS = 400  # of one answer; a weak model may go round in circles


class Refused(Exception):
    """The server answered with an error."""


class Client:
    """Asks one server. Thread rule: any; each call has a connection of its own."""

    def __init__(self, port: int):
        self.port = port

    def call(self, path: str, body=None):
        """The parsed answer; `Refused` when its status is not 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        if reply.status != 200:
            raise Refused(f"{path}: {reply.status}: {answer['error']['message']}")
        return answer

    def answer(self, messages, tools=(), thinking=False, most_tokens=MOST_TOKENS):
        """(text, finish reason, prompt tokens) of the greedy answer."""
        body = {**conversation_fields(messages, tools, thinking), "temperature": 0, "max_tokens": most_tokens}
        answer = self.call("/v1/chat/completions", body)
        choice = answer["choices"][0]
        return choice["message"]["content"] or "", choice["finish_reason"], answer["usage"]["prompt_tokens"]

    def count(self, messages, tools=(), thinking=False) -> int:
        """Tokens of the prompt that these messages make."""
        return self.call("/tokenize", conversation_fields(messages, tools, thinking))["count"]

    def render(self, messages, tools=(), thinking=False) -> str:
        """What the chat template makes of a finished conversation."""
        fields = conversation_fields(messages, tools, thinking)
        tokens = self.call("/tokenize", {**fields, "add_generation_prompt": False})["tokens"]
        return self.call("/detokenize", {"tokens": tokens})["prompt"]

    def scores(self, text: str):
        """[(character offset, logprob)] of the text's tokens but the first."""
        answer = self.call("/v1/completions", {"prompt": text, "max_tokens": 0, "echo": True, "logprobs": 0,
                                               "skip_special_tokens": False})
        found = answer["choices"][0]["logprobs"]
        return list(zip(found["text_offset"], found["token_logprobs"]))[1:]


def conversation_fields(messages, tools, thinking) -> dict:
    fields = {"messages": messages}
    if tools:
        fields["tools"] = tools
    if thinking:
        fields["chat_template_kwargs"] = {"enable_thinking": True}
    return fields


def message_of(text: str) -> dict:
    """The assistant's message in the form of the OpenAI API: reasoning and tool calls in fields of their own.
    What is not well formed stays in `content`."""
    message = {"role": "assistant"}
    if thought := re.match(r"<think>\n(.*?)\n</think>\n\n", text, re.DOTALL):
        message["reasoning_content"], text = thought[1], text[thought.end():]
    blocks = re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.DOTALL)
    try:
        calls = [json.loads(block) for block in blocks]
        functions = [{"name": call["name"], "arguments": json.dumps(call["arguments"])} for call in calls]
    except (ValueError, KeyError, TypeError):
        functions = []
    if functions:
        message["tool_calls"] = [{"id": f"call_{i}", "type": "function", "function": function}
                                 for i, function in enumerate(functions)]
        text = re.sub(r"\n?<tool_call>\n.*?\n</tool_call>", "", text, flags=re.DOTALL)
    message["content"] = text
    return message


def isas(binary=BINARY) -> list:
    """What this machine can run, the best one first."""
    devices = subprocess.run([str(binary), "devices"], capture_output=True, text=True, check=True)
    return re.findall(r"(?m)^[* ] cpu:(\w+)(?!.*\(not here)", devices.stdout)


@contextlib.contextmanager
def served(binary=BINARY, model=None, isa=""):
    """A `Client` of a fresh server on `model`, a folder; without one, on the embedded model. `isa` forces an ISA."""
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = pathlib.Path(folder, "port"), pathlib.Path(folder, "log")
        command = [str(binary), "serve", "--port", "0", "--port-file", str(port_file)]
        with log.open("w") as out:
            process = subprocess.Popen(command + ([str(model)] if model else []), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT,
                                       env={**os.environ, **({"QUIRE_CPU_ISA": isa} if isa else {})})
        try:
            deadline = time.monotonic() + PATIENCE
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("no server: " + log.read_text())
                time.sleep(0.02)
            yield Client(int(port_file.read_text()))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
