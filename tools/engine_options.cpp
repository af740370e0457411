#include "tools/engine_options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>

#include "tools/byte_size.h"

namespace quire::tools {
namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

std::string check_byte_size(const std::string& text) {
  if (const auto bytes = parse_byte_size(text); bytes && *bytes > 0) return {};
  return "\"" + text + "\" is no size of memory (examples: 512MiB, 2GiB)";
}

std::string check_device(const std::string& text) {
  if (text == "cpu" || text == "reference" || opencl_index(text)) return {};
  return "\"" + text + "\" is no device (cpu, reference, opencl, opencl:0, opencl:1, ...)";
}

}  // namespace

std::optional<std::int32_t> opencl_index(const std::string& device) {
  constexpr std::string_view kPrefix = "opencl:";
  if (device == "opencl") return 0;
  if (!device.starts_with(kPrefix)) return std::nullopt;
  std::int32_t index = 0;
  const char* end = device.data() + device.size();
  const auto parsed = std::from_chars(device.data() + kPrefix.size(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || index < 0) return std::nullopt;
  return index;
}

void add_device_options(CLI::App& command, EngineOptions& options) {
  command
      .add_option("MODEL", options.model,
                  "Folder of a model (config.json, *.safetensors, tokenizer.json). Without it, the "
                  "small embedded model runs.")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--device", options.device,
                  "Where to compute: cpu, opencl or opencl:N (`quire devices` lists them), or "
                  "reference (slow, exact).")
      ->check(CLI::Validator(check_device, "DEVICE"));
  command
      .add_option("--threads", options.threads,
                  "Threads that compute on the CPU; 0 = every core this process may run on.")
      ->check(CLI::Range(0, 1024));
  command
      .add_option(
          "--kv-cache-dtype", options.kv_cache_dtype,
          "Element type of the KV cache: f32, bf16, int8 (a scale per token and head; half of "
          "bf16), or auto (f32 for f32 weights, else bf16).")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "int8"}));
}

void add_model_options(CLI::App& command, EngineOptions& options) {
  add_device_options(command, options);
  command
      .add_option("--max-model-len", options.max_model_len,
                  "Tokens of one request, prompt and answer; 0 = what the model was made for.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--max-num-batched-tokens", options.max_num_batched_tokens,
                  "Tokens of one step, prompts and answers of all requests together.")
      ->check(CLI::Range(1, 1 << 20));
  CLI::Option* memory =
      command
          .add_option("--kv-cache-memory", options.kv_cache_memory,
                      "Memory of the KV cache, for example 2GiB. Default: 40 % of the available "
                      "memory, at most what --max-num-seqs full contexts need.")
          ->check(CLI::Validator(check_byte_size, "SIZE"));
  command
      .add_option("--num-kv-blocks", options.num_kv_blocks,
                  "Blocks (of 16 tokens) of the KV cache; 0 = by memory.")
      ->check(CLI::Range(0, kMost))
      ->excludes(memory);
  command.add_flag("--no-prefix-cache", options.no_prefix_cache,
                   "Do not share computed prompt prefixes between requests.");
}

void add_batch_options(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--target-step-ms", options.target_step_ms,
                  "Milliseconds that a step should take at most while answers are being written: "
                  "prompts are computed in smaller chunks then. 0 = no such limit.")
      ->check(CLI::Range(0, 60'000));
  command.add_option("--max-num-seqs", options.max_num_seqs, "Requests that run at the same time.")
      ->check(CLI::Range(1, 1 << 16));
  command
      .add_option("--max-queued-requests", options.max_queued_requests,
                  "Requests that may wait beyond those; more are refused with 429.")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option(
          "--scheduling-policy", options.scheduling_policy,
          "Who runs first: fcfs (in order of arrival) or priority (lower `priority` first).")
      ->check(CLI::IsMember({"fcfs", "priority"}));
}

}  // namespace quire::tools
