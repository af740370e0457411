// Trained models against goldens of an independent implementation (float64 numpy): greedy ids,
// log-probabilities, whole logits, perplexity. The goldens' figures are rounded to six decimals.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/engine/decoder_support.h"

namespace quire::engine::test {
namespace {

using Ids = std::vector<std::int32_t>;

// What the issue asks for: logprobs to 1e-4.
constexpr double kLogprobTolerance = 1e-4;

nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
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
                          std::size_t tokens, kernels::DType kv_dtype = kernels::DType::f32) {
  SoloSequence sequence(decoder, backend, static_cast<std::int32_t>(prompt.size() + tokens),
                        kv_dtype);
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

void expect_greedy(const Decoder& decoder, kernels::Backend& backend, const nlohmann::json& cases,
                   std::size_t max_cases) {
  for (std::size_t i = 0; i < cases.size() && i < max_cases; ++i) {
    const auto& golden = cases[i];
    SCOPED_TRACE("prompt: " + golden["prompt"].get<std::string>());
    const auto expected = golden["greedy_ids"].get<Ids>();
    const GreedyRun run =
        decode_greedily(decoder, backend, golden["prompt_ids"].get<Ids>(), expected.size());
    EXPECT_EQ(run.ids, expected);
    expect_near(run.logprobs, golden["greedy_logprobs"], "token");
    expect_near(run.prompt_logprobs, golden["prompt_logprobs"], "prompt token");
  }
}

TEST_P(ModelGoldens, Stories260KDecodesTheSameIds) {
  const Decoder decoder = load(models() / "stories260K", *backend_);
  expect_greedy(decoder, *backend_,
                read_json(models() / "goldens/stories260K.greedy.json")["greedy"], 100);
}

INSTANTIATE_TEST_SUITE_P(Backends, ModelGoldens, testing::Values("reference"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace quire::engine::test
