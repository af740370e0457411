"""curl against the server: what people paste from a README."""
import json
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
CHAT = json.dumps({"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 8, "seed": 1})


def curl(server, path, *options, key="key-1"):
    command = ["curl", "-sS", "-i", "--max-time", "60", "-H", f"Authorization: Bearer {key}", *options, server.url + path]
    head, _, body = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n\n")
    return int(head.split()[1]), head.lower(), body


def test_chat(server):
    status, head, body = curl(server, "/v1/chat/completions", "-d", CHAT)
    assert status == 200 and "content-type: application/json" in head
    assert json.loads(body)["choices"][0]["message"]["content"]


def test_stream(server):
    status, head, body = curl(server, "/v1/chat/completions", "-N", "-d", CHAT[:-1] + ', "stream": true}')
    assert status == 200 and "content-type: text/event-stream" in head
    events = [line for line in body.splitlines() if line]
    assert all(line.startswith("data: ") for line in events) and events[-1] == "data: [DONE]"


def test_operations(server):
    assert curl(server, "/health", key="none")[0] == 200
    assert curl(server, "/ready", key="none")[0] == 200
    assert curl(server, "/metrics", key="none")[0] == 401
    assert json.loads(curl(server, "/version")[2])["version"]
    status, head, body = curl(server, "/metrics")
    assert status == 200 and "text/plain; version=0.0.4" in head
    for name in ("vllm:num_requests_running", "vllm:time_to_first_token_seconds_bucket", "vllm:generation_tokens_total"):
        assert f"\n{name}{{" in body


def test_x_api_key_and_request_id(server):
    status, head, _ = curl(server, "/v1/models", "-H", "x-api-key: key-2", "-H", "x-request-id: my.id-1", "-H", "Authorization:")
    assert status == 200 and "x-request-id: my.id-1" in head


def test_tokenize_and_back(server):
    tokens = json.loads(curl(server, "/tokenize", "-d", '{"prompt": "Hello there", "add_special_tokens": false}')[2])
    assert tokens["count"] == len(tokens["tokens"]) and tokens["max_model_len"] > 0
    text = json.loads(curl(server, "/detokenize", "-d", json.dumps({"tokens": tokens["tokens"]}))[2])
    assert text["prompt"] == "Hello there"


def test_methods_and_preflight(server):
    assert curl(server, "/v1/models", "-I")[0] == 200
    status, head, _ = curl(server, "/v1/models", "-X", "DELETE")
    assert status == 405 and "allow: options, get, head" in head
    status, head, _ = curl(server, "/v1/chat/completions", "-X", "OPTIONS", "-H", "Origin: http://page.example",
                           "-H", "Access-Control-Request-Method: POST")
    assert status == 204 and "access-control-allow-origin: http://page.example" in head


def test_big_bodies(server):
    """curl announces long bodies with Expect: 100-continue."""
    status, body = post_stdin(server, json.dumps({"prompt": "x" * 3_000_000}))
    assert status == 400 and json.loads(body)["error"]["code"] == "context_length_exceeded"


def post_stdin(server, text):
    command = ["curl", "-sS", "--max-time", "60", "-H", "x-api-key: key-1", "-H", "Expect: 100-continue", "--data-binary", "@-",
               "-w", "\n%{http_code}", server.url + "/v1/completions"]
    body, _, status = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.rpartition("\n")
    return int(status), body


def test_http10_and_compressed_clients(server):
    assert curl(server, "/v1/models", "--http1.0", "--compressed")[0] == 200
