#include "tests/server/same_bytes_cases.h"

#include <nlohmann/json.hpp>

namespace quire::server::testing {
namespace {

using Json = nlohmann::ordered_json;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {  // SplitMix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  int between(int low, int high) {
    return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(int n) { return between(1, n) == 1; }
  double fraction() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

constexpr const char* kWords[] = {"the",  "and",  "you",   "stone", "river", "is",   "on",
                                  "ring", "blue", "é",     "42",    "house", "tree", "sing",
                                  "all",  "more", "there", "\n",    "!",     "日本"};

std::string words(Random& random, int bytes) {
  std::string text;
  while (static_cast<int>(text.size()) < bytes) {
    if (!text.empty()) text += ' ';
    text += kWords[random.next() % std::size(kWords)];
  }
  return text;
}

/// Three prefixes that many prompts begin with; their lengths are no multiples of a block.
std::string prefix(int which) {
  Random random(static_cast<std::uint64_t>(which) + 1000);
  return words(random, 90 + 45 * which);
}

std::string prompt_text(Random& random) {
  switch (random.between(0, 3)) {
    case 0:
      return words(random, random.between(1, 250));
    case 1:
      return prefix(random.between(0, 2));  // equal prompts
    default:
      return prefix(random.between(0, 2)) + words(random, random.between(1, 80));
  }
}

void add_sampling(Random& random, Json& body) {
  if (random.one_in(3)) {
    body["temperature"] = 0;
  } else {
    body["temperature"] = 0.2 + 1.3 * random.fraction();
    body["seed"] = random.next() >> 11U;
    if (random.one_in(2)) body["top_k"] = random.between(1, 60);
    if (random.one_in(2)) body["top_p"] = 0.3 + 0.7 * random.fraction();
    if (random.one_in(3)) body["min_p"] = 0.2 * random.fraction();
  }
  if (random.one_in(3)) body["repetition_penalty"] = 1.0 + 0.5 * random.fraction();
  if (random.one_in(3)) body["repetition_context_size"] = random.between(1, 64);
  if (random.one_in(4)) body["presence_penalty"] = 4.0 * random.fraction() - 2.0;
  if (random.one_in(4)) body["frequency_penalty"] = 2.0 * random.fraction();
  if (random.one_in(5)) body["logit_bias"] = {{std::to_string(random.between(5, 250)), 3.5}};
}

void add_ends(Random& random, Json& body) {
  body["max_tokens"] = random.between(1, random.one_in(2) ? 160 : 40);
  if (random.one_in(3)) body["ignore_eos"] = true;
  if (random.one_in(4)) body["min_tokens"] = random.between(0, body["max_tokens"].get<int>());
  // The model babbles bytes: one or two characters do turn up.
  if (random.one_in(3)) body["stop"] = Json::array({"e", "th", "Q"});
  if (random.one_in(6)) body["stop"] = "a";
  if (random.one_in(4)) body["include_stop_str_in_output"] = true;
  if (random.one_in(5)) body["stop_token_ids"] = Json::array({random.between(5, 280)});
}

void add_reports(Random& random, Json& body, bool chat, bool stream) {
  if (random.one_in(2)) {
    if (chat) body["logprobs"] = true;
    body[chat ? "top_logprobs" : "logprobs"] = random.between(0, 5);
  }
  if (random.one_in(4)) body["return_token_ids"] = true;
  if (random.one_in(6)) body["skip_special_tokens"] = false;
  if (random.one_in(5)) body["n"] = random.between(2, 3);
  if (!chat && random.one_in(5)) body["echo"] = true;
  if (!stream) return;
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", random.one_in(2)},
                            {"continuous_usage_stats", random.one_in(3)}};
}

}  // namespace

std::vector<LoadCase> make_load(std::uint64_t seed, int count) {
  Random random(seed);
  std::vector<LoadCase> load;
  for (int i = 0; i < count; ++i) {
    const bool chat = random.one_in(2);
    const bool stream = random.one_in(2);
    Json body;
    if (chat) {
      body["messages"] = Json::array({{{"role", "user"}, {"content", prompt_text(random)}}});
    } else if (random.one_in(6)) {
      body["prompt"] = Json::array({prompt_text(random), words(random, 20)});
    } else {
      body["prompt"] = prompt_text(random);
    }
    body["seed"] = i;
    add_sampling(random, body);
    add_ends(random, body);
    add_reports(random, body, chat, stream);
    load.push_back({.name = "r" + std::to_string(i),
                    .path = chat ? "/v1/chat/completions" : "/v1/completions",
                    .body = body.dump(),
                    .stream = stream,
                    .leave_after = stream && random.one_in(5) ? random.between(0, 6) : -1,
                    .arrival_step = i < count / 2 ? 0 : random.next() % 120});
  }
  return load;
}

}  // namespace quire::server::testing
