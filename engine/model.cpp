#include "engine/model.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/config/chat_template_source.h"
#include "engine/config/generation_config.h"
#include "engine/decoder/model_impl.h"

namespace quire::engine {
namespace {

constexpr const char* kConfig = "config.json";
constexpr const char* kGenerationConfig = "generation_config.json";

std::optional<JsonObject> read_generation_config(const ModelFiles& files) {
  if (!files.contains(kGenerationConfig)) return std::nullopt;
  return JsonObject::from_file(files, kGenerationConfig);
}

std::vector<TokenId> find_eos(const ModelFiles& files, std::int32_t vocab_size,
                              const Tokenizer& tokenizer) {
  std::vector<TokenId> eos;
  if (const auto generation = read_generation_config(files))
    eos = read_eos(*generation, vocab_size);
  if (eos.empty()) eos = read_eos(JsonObject::from_file(files, kConfig), vocab_size);
  if (eos.empty() && tokenizer.eos()) eos = {*tokenizer.eos()};
  return eos;
}

ModelSummary summarise(const Decoder& decoder, std::vector<TokenId> eos) {
  const DecoderSpec& spec = decoder.spec;
  return {.model_type = spec.model_type,
          .vocab_size = spec.vocab_size,
          .max_positions = spec.max_positions,
          .layers = static_cast<std::int32_t>(spec.layers.size()),
          .heads = spec.heads,
          .kv_heads = spec.kv_heads,
          .head_dim = spec.head_dim,
          .parameters = decoder.census.parameters,
          .weight_bytes = decoder.census.prepared_bytes,
          .dtype = decoder.census.dtype,
          .quantization = decoder.census.quantization,
          .eos = std::move(eos)};
}

std::optional<ChatTemplate> compile_template(const ModelFiles& files) {
  const auto source = find_chat_template(files);
  if (!source) return std::nullopt;
  return ChatTemplate(*source);
}

}  // namespace

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(ModelFiles files, kernels::Backend& backend, const LoadProgress& progress) {
  // Small files first: what they get wrong is reported before gigabytes are prepared.
  const auto generation = read_generation_config(files);
  SamplingDefaults defaults = generation ? read_sampling_defaults(*generation) : SamplingDefaults{};
  Tokenizer tokenizer(files);
  std::optional<ChatTemplate> chat_template = compile_template(files);
  nlohmann::ordered_json variables = read_template_variables(files);
  Decoder decoder = load_decoder(files, backend, progress);
  ModelSummary summary = summarise(decoder, find_eos(files, decoder.spec.vocab_size, tokenizer));
  return Model(std::make_unique<Impl>(Impl{std::move(files), std::move(decoder), std::move(summary),
                                           std::move(defaults), std::move(tokenizer),
                                           std::move(chat_template), std::move(variables)}));
}

const ModelSummary& Model::summary() const noexcept {
  return impl_->summary;
}
const SamplingDefaults& Model::sampling_defaults() const noexcept {
  return impl_->sampling_defaults;
}
const Tokenizer& Model::tokenizer() const noexcept {
  return impl_->tokenizer;
}
const ChatTemplate* Model::chat_template() const noexcept {
  return impl_->chat_template ? &*impl_->chat_template : nullptr;
}
const nlohmann::ordered_json& Model::template_variables() const noexcept {
  return impl_->template_variables;
}

}  // namespace quire::engine
