// Bias, penalties, min_tokens and logprobs of the sampler, and llama.cpp's published vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/sampler.h"
#include "engine/sampling/candidates.h"
#include "engine/sampling/logit_edits.h"

namespace quire::engine {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Edit {
  std::vector<float> logits;
  std::vector<TokenId> tokens = {};
  std::int32_t prompt_tokens = 0;
  SamplingParams params = {};

  std::vector<float> edited() const {
    SamplerScratch scratch;
    const auto span = sampling::edit_logits(
        {.logits = logits, .tokens = tokens, .prompt_tokens = prompt_tokens, .params = &params},
        scratch);
    EXPECT_TRUE(std::all_of(scratch.counts.begin(), scratch.counts.end(),
                            [](std::int32_t count) { return count == 0; }));
    return {span.begin(), span.end()};
  }
};

using Floats = std::vector<float>;

TEST(LogitEdits, LeaveTheModelsSpanAloneWhenNothingIsAsked) {
  const Floats logits = {1, 2};
  const SamplingParams params;
  SamplerScratch scratch;
  EXPECT_EQ(
      sampling::edit_logits({.logits = logits, .tokens = {}, .params = &params}, scratch).data(),
      logits.data());
}

TEST(LogitEdits, AddBias) {
  Edit edit{.logits = {1, 2, 3}};
  edit.params.logit_bias = {{0, 0.5F}, {2, -100.0F}};
  EXPECT_EQ(edit.edited(), (Floats{1.5F, 2, -97}));
}

TEST(LogitEdits, RepetitionDividesPositiveAndMultipliesNegativeLogitsOncePerToken) {
  Edit edit{.logits = {4, -4, 4, 0}, .tokens = {0, 1, 0, 3}, .prompt_tokens = 2};
  edit.params.repetition_penalty = 2.0F;
  EXPECT_EQ(edit.edited(), (Floats{2, -8, 4, 0}));
}

TEST(LogitEdits, FrequencyAndPresenceLookAtTheOutputOnly) {
  Edit edit{.logits = {1, 1, 1, 1}, .tokens = {0, 0, 1, 2, 2}, .prompt_tokens = 2};
  edit.params.frequency_penalty = 0.25F;
  EXPECT_EQ(edit.edited(), (Floats{1, 0.75F, 0.5F, 1}));
  edit.params.frequency_penalty = 0;
  edit.params.presence_penalty = 0.5F;
  EXPECT_EQ(edit.edited(), (Floats{1, 0.5F, 0.5F, 1}));
  edit.params.frequency_penalty = -0.25F;
  EXPECT_EQ(edit.edited(), (Floats{1, 0.75F, 1, 1}));
}

TEST(LogitEdits, ContextSizesLimitEachPenalty) {
  Edit edit{.logits = {2, 2, 2, 2}, .tokens = {0, 1, 2, 3, 2}, .prompt_tokens = 1};
  edit.params.repetition_penalty = 2.0F;
  edit.params.repetition_context_size = 3;
  EXPECT_EQ(edit.edited(), (Floats{2, 2, 1, 1}));
  edit.params.repetition_penalty = 1.0F;
  edit.params.frequency_penalty = 1.0F;
  edit.params.frequency_context_size = 1;
  EXPECT_EQ(edit.edited(), (Floats{2, 2, 1, 2}));
  edit.params.frequency_penalty = 0.0F;
  edit.params.presence_penalty = 1.0F;
  edit.params.presence_context_size = 100;  // the prompt stays out of it
  EXPECT_EQ(edit.edited(), (Floats{2, 1, 1, 1}));
}

TEST(LogitEdits, BiasComesBeforePenaltiesAndRepetitionBeforeTheOthers) {
  Edit edit{.logits = {1}, .tokens = {0}};
  edit.params.logit_bias = {{0, 3.0F}};
  edit.params.repetition_penalty = 2.0F;
  edit.params.frequency_penalty = 0.5F;
  edit.params.presence_penalty = 0.25F;
  EXPECT_EQ(edit.edited(), (Floats{(1 + 3) / 2 - 0.5F - 0.25F}));
}

TEST(LogitEdits, PenaltyFarBelowOneStaysFinite) {
  Edit edit{.logits = {1e10F, 0}, .tokens = {0}};
  edit.params.repetition_penalty = 1e-38F;
  EXPECT_EQ(edit.edited()[0], std::numeric_limits<float>::max());
}

TEST(LogitEdits, StopTokensAreMaskedUntilMinTokensAreThere) {
  Edit edit{.logits = {5, 1, 2}, .tokens = {1, 1, 1}, .prompt_tokens = 2};
  edit.params.stop_token_ids = {0, 2};
  edit.params.min_tokens = 2;
  EXPECT_EQ(edit.edited(), (Floats{-kInf, 1, -kInf}));
  edit.tokens.push_back(1);
  EXPECT_EQ(edit.edited(), (Floats{5, 1, 2}));
}

TEST(LogitEdits, MaskOfEverythingIsAnError) {
  const Floats logits = {0, -kInf};
  SamplingParams params;
  params.stop_token_ids = {0};
  params.min_tokens = 1;
  SamplerScratch scratch;
  EXPECT_EQ(sample_token({.logits = logits, .tokens = {}, .params = &params}, scratch).error(),
            "min_tokens masks every token that has a finite logit");
}

TEST(Logprobs, AreOfTheModelsOwnDistribution) {
  const Floats logits = {0, std::log(2.0F), std::log(5.0F)};
  const std::vector<TokenId> tokens = {2};
  SamplingParams params;
  params.temperature = 0;
  params.logprobs = true;
  params.top_logprobs = 2;
  params.logit_bias = {{0, 100.0F}};
  params.presence_penalty = 2;
  SamplerScratch scratch;
  const SampledToken token =
      sample_token({.logits = logits, .tokens = tokens, .params = &params}, scratch).value();
  EXPECT_EQ(token.id, 0);
  EXPECT_EQ(token.logprob.id, 0);
  EXPECT_NEAR(token.logprob.logprob, std::log(1.0 / 8.0), 1e-6);
  EXPECT_EQ(token.logprob.rank, 3);
  ASSERT_EQ(token.top.size(), 2U);
  EXPECT_EQ(token.top[0].id, 2);
  EXPECT_NEAR(token.top[0].logprob, std::log(5.0 / 8.0), 1e-6);
  EXPECT_EQ(token.top[1].id, 1);
  EXPECT_EQ(token.top[1].rank, 2);
}

TEST(Logprobs, RanksAndTopListBreakTiesByTheLowerId) {
  const Floats logits = {1, 2, 2, 0, 2};
  SamplerScratch scratch;
  const SampledToken token = score_token(logits, 2, 20, scratch).value();
  EXPECT_EQ(token.logprob.rank, 2);
  std::vector<TokenId> ids;
  for (const TokenLogprob& top : token.top) {
    ids.push_back(top.id);
    EXPECT_EQ(top.rank, static_cast<std::int32_t>(ids.size()));
    EXPECT_EQ(score_token(logits, top.id, 0, scratch).value().logprob.rank, top.rank);
    EXPECT_EQ(score_token(logits, top.id, 0, scratch).value().logprob.logprob, top.logprob);
  }
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 2, 4, 0, 3}));
}

TEST(Logprobs, AreAbsentUnlessAsked) {
  const Floats logits = {1, 2};
  SamplingParams params;
  params.top_logprobs = 2;
  SamplerScratch scratch;
  EXPECT_TRUE(sample_token({.logits = logits, .tokens = {}, .params = &params}, scratch)
                  .value()
                  .top.empty());
}

/// Why a published vector is not run against this sampler; empty when it is.
std::string out_of_scope(const nlohmann::json& vector) {
  const std::string name = vector.at("sampler");
  if (name == "sampler_queue") {
    const std::string order = vector.at("samplers");
    const bool ours = order == "k" || order == "p" || order == "m" || order == "kp" ||
                      order == "km" || order == "pm" || order == "kpm";
    return ours ? "" : "queue " + order + ": the order here is top_k, top_p, min_p";
  }
  if (name == "temp" || name == "top_k" || name == "top_p" || name == "min_p" ||
      name == "penalties") {
    return "";
  }
  return name + ": no such sampler here";
}

SamplingParams params_of(const nlohmann::json& vector) {
  const std::string name = vector.at("sampler");
  SamplingParams p;
  if (name == "temp") p.temperature = vector.at("temp");
  if (name == "top_k") p.top_k = vector.at("k");
  // 0 keeps one token there; the range here is above 0, and the smallest value means the same.
  if (name == "top_p") p.top_p = std::max(vector.at("p").get<float>(), 1e-9F);
  if (name == "min_p") p.min_p = vector.at("p");
  if (name == "penalties") {
    p.repetition_penalty = vector.at("repeat_penalty");
    p.frequency_penalty = vector.at("frequency_penalty");
    p.presence_penalty = vector.at("presence_penalty");
  }
  return p;
}

void expect_probabilities(const nlohmann::json& vector) {
  Edit edit;
  for (const double p : vector.at("probs")) edit.logits.push_back(static_cast<float>(std::log(p)));
  edit.params = params_of(vector);
  if (vector.contains("last_tokens"))
    edit.tokens = vector.at("last_tokens").get<std::vector<TokenId>>();
  std::vector<double> expected = vector.at("expected");
  std::vector<double> probabilities;
  if (edit.params.temperature == 0) {
    SamplerScratch scratch;
    probabilities.assign(edit.logits.size(), 0);
    const TokenId id =
        sample_token({.logits = edit.logits, .tokens = {}, .params = &edit.params}, scratch)
            .value()
            .id;
    probabilities[static_cast<std::size_t>(id)] = 1;
  } else {
    SamplerScratch scratch;
    sampling::select_candidates(edit.edited(), edit.params, scratch);
    double total = 0;
    for (const double w : scratch.weights) total += w;
    for (const double w : scratch.weights) probabilities.push_back(w / total);
  }
  // The vectors list survivors by likelihood or by id; the tolerance is theirs.
  std::sort(expected.begin(), expected.end());
  std::sort(probabilities.begin(), probabilities.end());
  ASSERT_EQ(probabilities.size(), expected.size()) << vector;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(probabilities[i], expected[i], 1e-5) << vector;
  }
}

/// The queue vectors: n tokens of logit log(i), so weights are i / (n - 1). The survivors are the
/// highest ids; how many follows from sums of integers.
void expect_queue_survivors(const nlohmann::json& vector) {
  const auto n = vector.at("n_vocab").get<std::int64_t>();
  const std::string order = vector.at("samplers");
  SamplingParams p;
  std::int64_t kept = n - 1;  // token 0 has logit log(0)
  if (order.find('k') != std::string::npos) {
    p.top_k = vector.at("top_k");
    kept = std::min<std::int64_t>(kept, p.top_k);
  }
  if (order.find('p') != std::string::npos) {
    p.top_p = std::max(vector.at("top_p").get<float>(), 1e-9F);
    const double total = static_cast<double>(kept) * static_cast<double>(2 * n - 1 - kept) / 2;
    double sum = 0;
    std::int64_t count = 0;
    while (count < kept && sum < static_cast<double>(p.top_p) * total) {
      sum += static_cast<double>(n - 1 - count++);
    }
    kept = count;
  }
  if (order.find('m') != std::string::npos) {
    p.min_p = vector.at("min_p");
    const double least = static_cast<double>(p.min_p) * static_cast<double>(n - 1);
    const auto lowest = static_cast<std::int64_t>(std::ceil(least - 1e-3));
    kept = std::min(kept, n - std::max<std::int64_t>(lowest, 1));
  }
  Floats logits;
  for (std::int64_t i = 0; i < n; ++i) logits.push_back(std::log(static_cast<float>(i)));
  SamplerScratch scratch;
  sampling::select_candidates(logits, p, scratch);
  // A weight that equals the threshold in exact arithmetic may fall on either side in floats.
  EXPECT_NEAR(static_cast<double>(scratch.candidates.size()), static_cast<double>(kept), 1)
      << vector;
  EXPECT_EQ(scratch.candidates.back().second, n - 1) << vector;
  EXPECT_EQ(scratch.candidates.front().second,
            n - static_cast<std::int64_t>(scratch.candidates.size()))
      << vector;
}

TEST(SamplerVectors, OfLlamaCppHold) {
  const std::filesystem::path path =
      std::filesystem::path(QUIRE_SHARED_DATA) / "samplers/llamacpp_sampling_vectors.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  std::ifstream file(path);
  const nlohmann::json vectors = nlohmann::json::parse(file);
  int run = 0;
  int skipped = 0;
  for (const nlohmann::json& vector : vectors.at("cases")) {
    if (const std::string why = out_of_scope(vector); !why.empty()) {
      std::printf("out of scope: %s\n", why.c_str());
      ++skipped;
    } else if (vector.at("sampler") == "sampler_queue") {
      expect_queue_survivors(vector);
      ++run;
    } else {
      expect_probabilities(vector);
      ++run;
    }
  }
  std::printf("%d vectors checked, %d out of scope\n", run, skipped);
  EXPECT_EQ(run, 40);
  EXPECT_EQ(skipped, 25);
}

}  // namespace
}  // namespace quire::engine
