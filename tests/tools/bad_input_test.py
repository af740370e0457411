"""Bad requests get a 4xx that names the field, and the streams of other clients stay byte for byte what
they are alone.
"""
import http.client
import json
import shutil
import socket
import tempfile
import threading
import pathlib
import unittest

from quire_command import PATIENCE, SOURCE, serving

CHAT = "/v1/chat/completions"
TEXT = "/v1/completions"
HELLO = [{"role": "user", "content": "Hello."}]
# What each template does with the last message's text.
HOSTILE = (
    "{% set what = messages[-1].content %}"
    "{% if what == 'loop' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    "{% elif what == 'explode' %}{% set ns = namespace(x='xxxxxxxx') %}"
    "{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}"
    "{% elif what == 'recurse' %}{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
    "{% elif what == 'raise' %}{{ raise_exception('Only sunny questions, please') }}"
    "{% else %}<|im_start|>user\n{{ what }}<|im_end|>\n<|im_start|>assistant\n{% endif %}")

# (path, body, what the message or its `param` must name)
BAD = [
    (CHAT, "{", "JSON"),
    (CHAT, "[1, 2]", "object"),
    (CHAT, b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}', "UTF-8"),
    (CHAT, "{\"messages\": " + "[" * 5000 + "]" * 5000 + "}", "deep"),
    (CHAT, {}, "messages"),
    (CHAT, {"messages": []}, "messages"),
    (CHAT, {"messages": "hi"}, "messages"),
    (CHAT, {"messages": [{"role": "user", "content": 7}]}, "content"),
    (CHAT, {"messages": [{"content": "no role"}]}, "role"),
    (CHAT, {"messages": HELLO, "model": "gpt-none"}, "gpt-none"),
    (CHAT, {"messages": HELLO, "temperature": 1e9}, "temperature"),
    (CHAT, {"messages": HELLO, "temperature": "hot"}, "temperature"),
    (CHAT, '{"messages": [{"role": "user", "content": "a"}], "temperature": NaN}', "JSON"),
    (CHAT, '{"messages": [{"role": "user", "content": "a"}], "temperature": 1e999}', ""),
    (CHAT, {"messages": HELLO, "top_p": 0}, "top_p"),
    (CHAT, {"messages": HELLO, "n": 0}, "n"),
    (CHAT, {"messages": HELLO, "n": 10**9}, "n"),
    (CHAT, {"messages": HELLO, "max_tokens": -1}, "max_tokens"),
    (CHAT, {"messages": HELLO, "max_tokens": 2**70}, "max_tokens"),
    (CHAT, {"messages": HELLO, "stop": [""]}, "stop"),
    (CHAT, {"messages": HELLO, "logit_bias": {"999999": 1}}, "logit_bias"),
    (CHAT, {"messages": HELLO, "top_logprobs": 21, "logprobs": True}, "top_logprobs"),
    (CHAT, {"messages": HELLO, "no_such_field": 1}, "no_such_field"),
    (CHAT, {"messages": HELLO, "response_format": {"type": "json_object"}}, "response_format"),
    (CHAT, {"messages": [{"role": "user", "content": "loop"}]}, "template"),
    (CHAT, {"messages": [{"role": "user", "content": "explode"}]}, "template"),
    (CHAT, {"messages": [{"role": "user", "content": "recurse"}]}, "template"),
    (CHAT, {"messages": [{"role": "user", "content": "raise"}]}, "Only sunny questions, please"),
    (TEXT, {"prompt": "word " * 5000}, "2048"),
    (TEXT, {"prompt": [999999]}, "999999"),
    (TEXT, {"prompt": [-1]}, "-1"),
    (TEXT, {"prompt": [1.5]}, "prompt"),
    (TEXT, {"prompt": []}, "prompt"),
    (TEXT, {"prompt": {"a": 1}}, "prompt"),
    (TEXT, {"prompt": "a", "suffix": "b"}, "suffix"),
    ("/tokenize", {"prompt": 3}, "prompt"),
    ("/detokenize", {"tokens": [10**12]}, "tokens"),
]


def stream_text(port, request):
    """The whole answer of a streamed completion."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("POST", TEXT, json.dumps(request), {"Content-Type": "application/json"})
    lines = connection.getresponse().read().decode().split("\n")
    connection.close()
    assert "data: [DONE]" in lines, lines[-5:]
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    return [(choice["text"], choice["logprobs"], choice["finish_reason"])
            for event in events for choice in event["choices"]]


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        model = pathlib.Path(self.folder.name, "hostile")
        shutil.copytree(SOURCE / "tools/demo_model/model", model)
        (model / "chat_template.jinja").write_text(HOSTILE)
        self.model = model

    def tearDown(self):
        self.folder.cleanup()

    def refuse_everything(self, server):
        for path, body, names in BAD:
            raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            connection.request("POST", path, raw, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            text = reply.read().decode()
            connection.close()
            with self.subTest(path=path, body=str(body)[:90]):
                self.assertIn(reply.status, (400, 404), text)
                error = json.loads(text)["error"]
                self.assertEqual(set(error), {"message", "type", "param", "code"})
                self.assertIn(names, f"{error['message']} {error['param']}")

    def send_noise(self, server):
        for noise in (b"\x00" * 64, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"POST " + TEXT.encode() +
                      b" HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
                client.sendall(noise)
                self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 4") or noise[:1] == b"\x00")

    def test_is_named_and_harms_nobody_else(self):
        request = {"prompt": "Once upon a time", "max_tokens": 700, "temperature": 1, "seed": 5, "ignore_eos": True,
                   "stream": True, "logprobs": 2}
        with serving(self.model) as server:
            alone = stream_text(server.port, request)
            together = [None] * 6

            def client(i):
                together[i] = stream_text(server.port, request)

            clients = [threading.Thread(target=client, args=(i,)) for i in range(len(together))]
            for thread in clients:
                thread.start()
            self.refuse_everything(server)
            self.send_noise(server)
            for thread in clients:
                thread.join()
            for answer in together:
                self.assertEqual(answer, alone)
            self.assertEqual(server.call("GET", "/health")[0], 200)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
