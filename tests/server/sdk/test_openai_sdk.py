"""The official OpenAI Python SDK against the server: sync and async, whole and streamed, typed errors."""
import asyncio
import threading

import openai
import pytest

HELLO = [{"role": "user", "content": "Hello! Who are you?"}]
TOOL = {"type": "function", "function": {
    "name": "weather", "description": "the weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}


def chat(client, **options):
    return client.chat.completions.create(**{"model": "quire-demo", "messages": HELLO, "max_tokens": 24, "seed": 3, **options})


# A raw prompt whose answer is long: the demo model was trained on conversations alone.
COUNTING = "<|im_start|>user\nCount to 20.<|im_end|>\n<|im_start|>assistant\n"


def complete(client, **options):
    return client.completions.create(**{"model": "quire-demo", "prompt": COUNTING, "max_tokens": 12, "seed": 3, **options})


def joined(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_models(client):
    models = client.models.list().data
    assert [m.id for m in models] == ["quire-demo"]
    assert client.models.retrieve("quire-demo").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")


def test_chat_whole(client):
    answer = chat(client)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens >= 0
    assert answer.seed == 3 and answer.system_fingerprint.startswith("quire-")


def test_chat_stream_equals_whole(client):
    chunks = list(chat(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(c.usage is None for c in chunks[:-1])
    whole = chat(client)
    assert joined(chunks) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks[:-1]][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_stream_helper_accumulates(client):
    with client.chat.completions.stream(model="quire-demo", messages=HELLO, max_tokens=16, seed=3) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion()
    assert final.choices[0].message.content == text


def test_an_answer_goes_back_as_a_message(client):
    first = chat(client).choices[0].message
    again = chat(client, messages=[*HELLO, first.model_dump(), {"role": "user", "content": [{"type": "text", "text": "Go on."}]}])
    assert again.usage.prompt_tokens > chat(client).usage.prompt_tokens
    again = chat(client, messages=[*HELLO, first, {"role": "user", "content": "Go on."}])
    assert again.choices[0].message.content is not None


def test_same_seed_same_answer(client):
    hot = {"temperature": 1.5, "max_tokens": 30}
    assert chat(client, **hot).choices[0].message.content == chat(client, **hot).choices[0].message.content
    drawn = chat(client, seed=None, **hot)
    assert chat(client, **{**hot, "seed": drawn.seed}).choices[0].message.content == drawn.choices[0].message.content


def test_choices(client):
    answer = chat(client, n=3, temperature=1.2)
    assert [c.index for c in answer.choices] == [0, 1, 2]
    second = answer.choices[1]
    assert chat(client, temperature=1.2, seed=second.seed).choices[0].message.content == second.message.content
    texts = ["", "", ""]
    for chunk in chat(client, n=3, temperature=1.2, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [c.message.content for c in answer.choices]


def test_chat_logprobs(client):
    answer = chat(client, logprobs=True, top_logprobs=3, temperature=0)
    content = answer.choices[0].logprobs.content
    assert len(content) == answer.usage.completion_tokens
    for entry in content:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 3
        assert entry.top_logprobs[0].logprob == entry.logprob, "greedy takes the likeliest"
        assert bytes(entry.bytes).decode(errors="replace") == entry.token
    streamed = []
    for chunk in chat(client, logprobs=True, top_logprobs=3, temperature=0, stream=True):
        if chunk.choices[0].logprobs:
            streamed += chunk.choices[0].logprobs.content
    assert streamed == content


def test_sdk_defaults_and_neutral_fields(client):
    chat(client, user="u", metadata={"k": "v"}, store=False, service_tier="auto", parallel_tool_calls=True,
         response_format={"type": "text"}, modalities=["text"], top_p=0.9, presence_penalty=0.5, frequency_penalty=0.5,
         logit_bias={"5": -100}, stop=["never", "ever"], max_tokens=None, max_completion_tokens=4)


def test_extra_body_reaches_the_sampler(client):
    answer = chat(client, temperature=1, extra_body={"top_k": 1, "min_p": 0.1, "repetition_penalty": 1.0})
    assert answer.choices[0].message.content == chat(client, temperature=0).choices[0].message.content


def test_tools_are_accepted(client):
    chat(client, tools=[TOOL], tool_choice="auto")
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, tools=[TOOL], tool_choice="required")
    assert caught.value.param == "tool_choice"


def test_completions(client):
    answer = complete(client, echo=True, logprobs=2, temperature=0)
    choice = answer.choices[0]
    assert choice.text.startswith(COUNTING)
    assert len(choice.logprobs.tokens) == answer.usage.total_tokens
    assert choice.logprobs.token_logprobs[0] is None
    plain = complete(client, temperature=0)
    assert choice.text == COUNTING + plain.choices[0].text
    assert "".join(c.choices[0].text for c in complete(client, temperature=0, stream=True)) == plain.choices[0].text


def test_prompt_shapes(client):
    several = complete(client, prompt=["Once", "The sun"], n=2)
    assert len(several.choices) == 4
    ids = complete(client, prompt=[5, 6, 7])
    assert ids.usage.prompt_tokens == 3
    assert len(complete(client, prompt=[[5, 6, 7], [8]]).choices) == 2


def test_stop_strings(client):
    text = complete(client, temperature=0, max_tokens=24).choices[0].text
    stop = text[6:9]
    cut = complete(client, temperature=0, max_tokens=24, stop=stop).choices[0]
    assert cut.finish_reason == "stop" and cut.text == text[:text.index(stop)]
    streamed = "".join(c.choices[0].text for c in complete(client, temperature=0, max_tokens=24, stop=[stop], stream=True))
    assert streamed == cut.text


@pytest.mark.parametrize("options, param, code", [
    ({"temperature": -1}, "temperature", "invalid_value"),
    ({"temperature": "hot"}, "temperature", "invalid_type"),
    ({"n": 0}, "n", "invalid_value"),
    ({"max_tokens": 10**9}, "max_tokens", "context_length_exceeded"),
    ({"messages": []}, "messages", "missing_required_parameter"),
    ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_parameter"),
    ({"extra_body": {"temprature": 1}}, "temprature", "unknown_parameter"),
])
def test_bad_requests_name_the_field(client, options, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, **options)
    assert caught.value.param == param and caught.value.code == code
    assert caught.value.type == "invalid_request_error" and param in caught.value.message
    assert caught.value.response.headers["x-request-id"]


def test_stream_errors_are_typed_too(client):
    with pytest.raises(openai.BadRequestError):
        chat(client, stream=True, top_p=2)


def test_unknown_model(client):
    with pytest.raises(openai.NotFoundError) as caught:
        chat(client, model="gpt-4")
    assert caught.value.code == "model_not_found"


def test_authentication(server):
    with pytest.raises(openai.AuthenticationError) as caught:
        chat(server.client(api_key="wrong"))
    assert caught.value.code == "invalid_api_key"
    assert chat(server.client(api_key="key-2")).choices


def test_long_prompts_say_the_figures(client):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, prompt=[5] * 100_000)
    assert caught.value.code == "context_length_exceeded" and "100000" in caught.value.message


def test_full_queue_is_a_rate_limit(tiny_server):
    """Streams hold the only place and the only seat; whoever comes next is told when to come back."""
    client = tiny_server.client()
    refused = []

    def ask():
        try:
            for _ in complete(client, prompt=[5, 6, 7], max_tokens=200, n=2, stream=True, extra_body={"ignore_eos": True}):
                pass
        except openai.RateLimitError as error:
            refused.append(error)

    for _ in range(20):
        crowd = [threading.Thread(target=ask) for _ in range(8)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        if refused:
            break
    assert refused and refused[0].code == "rate_limit_exceeded"
    assert int(refused[0].response.headers["retry-after"]) >= 1


def test_abandoned_stream_frees_its_place(client):
    stream = complete(client, max_tokens=400, stream=True, extra_body={"ignore_eos": True})
    next(iter(stream))
    stream.close()
    assert complete(client).choices


def test_async(server):
    async def scenario():
        async with server.async_client() as client:
            whole = await chat(client)
            text = ""
            async for chunk in await chat(client, stream=True):
                text += chunk.choices[0].delta.content or ""
            assert text == whole.choices[0].message.content
            with pytest.raises(openai.BadRequestError):
                await chat(client, n=-1)
            # Twenty together give what each gives alone.
            together = await asyncio.gather(*(complete(client, seed=i, temperature=1.0) for i in range(20)))
            for i in (0, 7, 19):
                alone = await complete(client, seed=i, temperature=1.0)
                assert alone.choices[0].text == together[i].choices[0].text
            task = asyncio.create_task(complete(client, max_tokens=400, extra_body={"ignore_eos": True}))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await complete(client)).choices
    asyncio.run(scenario())
