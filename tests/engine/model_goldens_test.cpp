// Trained models against goldens of an independent implementation (float64 numpy): greedy ids,
// log-probabilities, whole logits, perplexity. The goldens' figures are rounded to six decimals.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/tokenizer.h"
#include "tests/engine/decoder_support.h"

namespace quire::engine::test {
namespace {

using Ids = std::vector<std::int32_t>;

// What the issue asks for: logprobs to 1e-4.
constexpr double kLogprobTolerance = 1e-4;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_text(path));
}

Decoder load(const std::filesystem::path& folder, kernels::Backend& backend) {
  return load_decoder(ModelFiles::from_folder(folder), backend, {});
}

class ModelGoldens : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(models())) GTEST_SKIP() << models() << " is absent";
  }
  static std::filesystem::path models() { return shared_data() / "models"; }

  std::unique_ptr<kernels::Backend> backend_ = make_backend(GetParam());
};

struct GreedyRun {
  Ids ids;
  std::vector<double> logprobs;
  std::vector<double> prompt_logprobs;
};

GreedyRun decode_greedily(const Decoder& decoder, kernels::Backend& backend, const Ids& prompt,
                          std::size_t tokens) {
  SoloSequence sequence(decoder, backend, static_cast<std::int32_t>(prompt.size() + tokens));
  GreedyRun run;
  auto logits = sequence.run(prompt);
  for (std::size_t i = 0; i + 1 < prompt.size(); ++i) {
    run.prompt_logprobs.push_back(log_softmax(logits[i], prompt[i + 1]));
  }
  while (run.ids.size() < tokens) {
    const std::int32_t next = argmax(logits.back());
    run.ids.push_back(next);
    run.logprobs.push_back(log_softmax(logits.back(), next));
    logits = sequence.run(std::span(&next, 1));
  }
  return run;
}

void expect_near(const std::vector<double>& found, const nlohmann::json& expected,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i].get<double>(), kLogprobTolerance) << what << " " << i;
  }
}

void expect_greedy(const Decoder& decoder, kernels::Backend& backend,
                   const nlohmann::json& golden) {
  SCOPED_TRACE("prompt: " + golden["prompt"].get<std::string>());
  const auto expected = golden["greedy_ids"].get<Ids>();
  const GreedyRun run =
      decode_greedily(decoder, backend, golden["prompt_ids"].get<Ids>(), expected.size());
  EXPECT_EQ(run.ids, expected);
  expect_near(run.logprobs, golden["greedy_logprobs"], "token");
  expect_near(run.prompt_logprobs, golden["prompt_logprobs"], "prompt token");
}

/// The logits of the golden's own ids differ from the exact ones by the noise of rounding to bf16,
/// and only what lies within it is decided otherwise.
void expect_bf16_noise(const std::filesystem::path& folder, kernels::Backend& backend,
                       const Ids& ids) {
  const auto run = [&](kernels::Backend& on) {
    const Decoder decoder = load(folder, on);
    SoloSequence sequence(decoder, on, static_cast<std::int32_t>(ids.size()));
    return std::pair(sequence.run(ids), bf16_noise(decoder.spec));
  };
  const auto [exact, noise] = run(*make_backend("reference"));
  const Logits found = run(backend).first;
  EXPECT_LE(relative_rms(found, exact), noise);
  EXPECT_LE(largest_exchange(found, exact), 2.0 * noise);
}

/// Mean negative log-likelihood of every token but the first.
double mean_nll(const Decoder& decoder, kernels::Backend& backend, const Ids& ids) {
  SoloSequence sequence(decoder, backend, static_cast<std::int32_t>(ids.size()));
  const Logits logits = sequence.run(std::span(ids).first(ids.size() - 1));
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) sum -= log_softmax(logits[i], ids[i + 1]);
  return sum / static_cast<double>(logits.size());
}

TEST_P(ModelGoldens, StoriesDecodeTheSameIdsWithTheSameLogprobs) {
  for (const std::string model : {"stories260K", "stories3M"}) {
    SCOPED_TRACE(model);
    const Decoder decoder = load(models() / model, *backend_);
    const auto golden = read_json(models() / "goldens" / (model + ".greedy.json"));
    ASSERT_EQ(golden["greedy"].size(), 10U);
    for (const auto& each : golden["greedy"]) expect_greedy(decoder, *backend_, each);
  }
}

TEST_P(ModelGoldens, EquivalentCheckpointsDecodeTheSameIds) {
  const auto base = read_json(models() / "goldens/stories260K.greedy.json")["greedy"];
  const auto variants = read_json(models() / "goldens/stories260K.iso_variants.json");
  for (const std::string name :
       {"llama-bf16", "llama-f16", "llama-sharded", "llama-untied", "mistral", "qwen2"}) {
    SCOPED_TRACE(name);
    const Decoder decoder = load(models() / "iso-stories260K" / name, *backend_);
    const auto& variant = variants[name];
    ASSERT_EQ(variant["same_as_base"].size(), 6U);
    // Rounded weights keep the ids, where the golden says so, but not the logprobs.
    const bool same_weights = name != "llama-bf16" && name != "llama-f16";
    for (std::size_t i = 0; i < 6; ++i) {
      const bool own = !variant["same_as_base"][i].get<bool>();
      auto expected = (own ? variant["greedy64"][i] : base[i]["greedy_ids"]).get<Ids>();
      expected.resize(64);
      const auto prompt = base[i]["prompt_ids"].get<Ids>();
      if (name == "llama-bf16" && rounds_to_bf16(GetParam())) {  // may decide near-ties otherwise
        Ids ids = prompt;
        ids.insert(ids.end(), expected.begin(), expected.end());
        expect_bf16_noise(models() / "iso-stories260K" / name, *backend_, ids);
        continue;
      }
      const GreedyRun run = decode_greedily(decoder, *backend_, prompt, expected.size());
      EXPECT_EQ(run.ids, expected) << "case " << i;
      if (same_weights)
        expect_near(run.prompt_logprobs, base[i]["prompt_logprobs"], "prompt token");
    }
  }
}

TEST_P(ModelGoldens, PromptLogitsAgreeToRounding) {
  const auto results = read_json(models() / "goldens/perplexity.json")["results"];
  for (const std::string model : {"stories260K", "stories3M"}) {
    SCOPED_TRACE(model);
    const auto& described = results[model]["logits_file"];
    const auto ids = described["prompt_ids"].get<Ids>();
    const auto vocab = described["shape"][1].get<std::size_t>();
    Logits expected(ids.size(), std::vector<float>(vocab));
    std::ifstream file(models() / "goldens" / described["file"].get<std::string>(),
                       std::ios::binary);
    for (auto& row : expected) {
      file.read(reinterpret_cast<char*>(row.data()),
                static_cast<std::streamsize>(vocab * sizeof(float)));
    }
    ASSERT_TRUE(file);
    const Decoder decoder = load(models() / model, *backend_);
    SoloSequence sequence(decoder, *backend_, static_cast<std::int32_t>(ids.size()));
    EXPECT_LE(largest_difference(sequence.run(ids), expected),
              rounding_tolerance(decoder.spec, expected));
  }
}

TEST_P(ModelGoldens, PerplexityOfAForeignTextAgrees) {
  const std::string text = read_text(shared_data() / "corpora/tinyshakespeare.txt").substr(0, 6000);
  const auto results = read_json(models() / "goldens/perplexity.json")["results"];
  for (const std::string model : {"stories260K", "stories3M"}) {
    SCOPED_TRACE(model);
    const ModelFiles files = ModelFiles::from_folder(models() / model);
    const Decoder decoder = load_decoder(files, *backend_, {});
    const Ids ids = Tokenizer(files).encode(text, {.add_special_tokens = false});
    const auto& chunks = results[model]["tinyshakespeare[0:6000 chars]"]["chunks"];
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const auto length = chunks[i]["n"].get<std::size_t>();
      Ids chunk{1};  // BOS
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(i * length);
      chunk.insert(chunk.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
      EXPECT_NEAR(mean_nll(decoder, *backend_, chunk), chunks[i]["mean_nll"].get<double>(),
                  kLogprobTolerance)
          << "chunk " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ModelGoldens, testing::ValuesIn(backend_names()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace quire::engine::test
