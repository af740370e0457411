// The demo model against goldens of independent implementations (tools/demo_model/make_goldens.py):
// rendered text, prompt ids, greedy ids and logprobs.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/chat_template.h"
#include "engine/model.h"
#include "engine/tokenizer.h"
#include "tests/engine/decoder_support.h"

namespace quire::engine::test {
namespace {

using Ids = std::vector<std::int32_t>;

ModelFiles demo_files() {
  return ModelFiles::from_folder(std::filesystem::path(QUIRE_SOURCE_DIR) /
                                 "tools/demo_model/model");
}

nlohmann::ordered_json demo_cases() {
  std::ifstream file(fixtures() / "demo_goldens.json");
  return nlohmann::ordered_json::parse(file)["cases"];
}

/// Logits of the rows that predict the golden's answer, the golden's own tokens fed in.
Logits answer_logits(const Decoder& decoder, kernels::Backend& backend,
                     const nlohmann::ordered_json& golden) {
  const auto prompt = golden["prompt_ids"].get<Ids>();
  const auto answer = golden["greedy_ids"].get<Ids>();
  Ids ids = prompt;
  ids.insert(ids.end(), answer.begin(), answer.end() - 1);
  SoloSequence sequence(decoder, backend, static_cast<std::int32_t>(ids.size()));
  Logits logits = sequence.run(ids);
  logits.erase(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(prompt.size()) - 1);
  return logits;
}

TEST(DemoModel, TextsAndPromptIdsAreThoseOfTheGoldens) {
  const auto backend = kernels::make_reference_backend();
  const Model model = Model::load(demo_files(), *backend);
  const auto cases = demo_cases();
  ASSERT_GE(cases.size(), 10U);
  for (const auto& golden : cases) {
    std::string text = golden["text"];
    if (golden.contains("variables")) {
      nlohmann::ordered_json variables = model.template_variables();
      variables.update(golden["variables"]);
      const auto rendered = model.chat_template()->render(variables);
      ASSERT_TRUE(rendered.ok());
      EXPECT_EQ(rendered.value(), text);
    }
    EXPECT_EQ(model.tokenizer().encode(text, {.add_special_tokens = false}),
              golden["prompt_ids"].get<Ids>());
    EXPECT_EQ(model.tokenizer().decode(golden["greedy_ids"].get<Ids>()), golden["answer"]);
  }
}

TEST(DemoModel, RefusesRolesItWasNotTrainedOn) {
  const auto backend = kernels::make_reference_backend();
  const Model model = Model::load(demo_files(), *backend);
  const auto rendered = model.chat_template()->render(nlohmann::ordered_json::parse(
      R"({"messages": [{"role": "critic", "content": "x"}], "add_generation_prompt": true})"));
  ASSERT_FALSE(rendered.ok());
  EXPECT_EQ(rendered.error().kind, TemplateError::Kind::raised);
}

TEST(DemoModel, ReferenceGivesTheGoldenIdsAndLogprobs) {
  const auto backend = kernels::make_reference_backend();
  const Decoder decoder = load_decoder(demo_files(), *backend, {});
  for (const auto& golden : demo_cases()) {
    SCOPED_TRACE(golden["answer"].get<std::string>());
    const auto ids = golden["greedy_ids"].get<Ids>();
    const Logits logits = answer_logits(decoder, *backend, golden);
    // A log-probability is a logit less a smooth maximum of logits: twice the error of one logit.
    // The goldens are rounded to 7 decimals.
    const double tolerance = 2.0 * rounding_tolerance(decoder.spec, logits) + 0.5e-7;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_EQ(argmax(logits[i]), ids[i]) << "token " << i;
      ASSERT_NEAR(log_softmax(logits[i], ids[i]), golden["logprobs"][i].get<double>(), tolerance)
          << "token " << i;
    }
  }
}

class DemoModelOnDevice : public testing::TestWithParam<std::string> {};

/// Bound on the relative_rms of the logits of a device.
double device_noise(const DecoderSpec& spec, const std::string& device) {
  // As bf16_noise, of weights as well as activations.
  if (rounds_affine_to_bf16(device)) return 2.0 * bf16_noise(spec);
  // Steps of max/127 per group of 64, and max <= sqrt(64) rms: each linear adds noise of at most
  // sqrt(64) / (127 sqrt(12)) of its input; four linears in sequence per layer, and the head.
  const double noise = std::sqrt(64.0) / (127.0 * std::sqrt(12.0));
  return (4.0 * static_cast<double>(spec.layers.size()) + 1.0) * noise;
}

TEST_P(DemoModelOnDevice, DiffersFromTheReferenceByTheRoundingOfOperandsAtMost) {
  const auto reference = kernels::make_reference_backend();
  const Decoder exact = load_decoder(demo_files(), *reference, {});
  const auto backend = make_backend(GetParam());
  const Decoder decoder = load_decoder(demo_files(), *backend, {});
  const double bound = device_noise(decoder.spec, GetParam());
  for (const auto& golden : demo_cases()) {
    const Logits found = answer_logits(decoder, *backend, golden);
    const Logits expected = answer_logits(exact, *reference, golden);
    EXPECT_LE(relative_rms(found, expected), bound) << golden["answer"];
    EXPECT_LE(largest_exchange(found, expected), 2.0 * bound) << golden["answer"];
  }
}

std::vector<std::string> device_names() {
  std::vector<std::string> names = backend_names();
  std::erase(names, "reference");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Backends, DemoModelOnDevice, testing::ValuesIn(device_names()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace quire::engine::test
