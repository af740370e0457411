// Chat template speed on conversations of 10 to 1000 messages. Usage: bench_chat_template
// [--benchmark_...]
#include <benchmark/benchmark.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/chat_template.h"
#include "tools/machine.h"

namespace {

// Shaped like the templates of current models: role checks, reasoning cut off, tool calls as JSON.
constexpr const char* kTemplate = R"({%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- if message.role == 'user' and ns.last == messages|length - 1 %}
        {%- set ns.last = messages|length - loop.index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content|trim + '<|im_end|>\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set content = message.content %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- for call in message.tool_calls or [] %}
            {{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
            {{- call.function.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %})";

nlohmann::ordered_json conversation(std::int64_t messages) {
  const std::string text(400, 'x');
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < messages; ++i) {
    nlohmann::ordered_json message = {{"role", i % 2 == 0 ? "user" : "assistant"},
                                      {"content", text}};
    if (i % 4 == 1) {
      message["tool_calls"] = {
          {{"function", {{"name", "search"}, {"arguments", {{"query", "x"}, {"limit", 3}}}}}}};
    }
    list.push_back(std::move(message));
  }
  return {{"messages", std::move(list)}, {"add_generation_prompt", true}};
}

void compile(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(quire::engine::ChatTemplate(kTemplate));
}
BENCHMARK(compile)->Unit(benchmark::kMicrosecond);

void render(benchmark::State& state) {
  const quire::engine::ChatTemplate compiled(kTemplate);
  const nlohmann::ordered_json variables = conversation(state.range(0));
  for (auto _ : state) {
    const auto result = compiled.render(variables);
    if (!result) {
      state.SkipWithError(result.error().message.c_str());
      break;
    }
    benchmark::DoNotOptimize(result.value().data());
  }
}
BENCHMARK(render)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  std::cout << quire::tools::machine_name() << ", " << quire::tools::build_name() << "\n";
  benchmark::RunSpecifiedBenchmarks();
}
