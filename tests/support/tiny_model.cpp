#include "tests/support/tiny_model.h"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

namespace quire::testing {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kSpecials{"<s>", "</s>", "<|user|>", "<|assistant|>", "<|end|>"};
constexpr std::array<std::pair<const char*, const char*>, 24> kMerges{{
    {"t", "h"},   {"th", "e"}, {"i", "n"},   {"a", "n"},  {"e", "r"},   {"o", "n"},
    {"Ġ", "the"}, {"an", "d"}, {"Ġ", "and"}, {"in", "g"}, {"o", "u"},   {"y", "ou"},
    {"Ġ", "a"},   {"Ġ", "t"},  {"Ġ", "s"},   {"e", "d"},  {"l", "l"},   {"o", "r"},
    {"Ġ", "o"},   {"r", "e"},  {"i", "s"},   {"Ġ", "is"}, {"Ġ", "you"}, {"a", "t"},
}};
constexpr const char* kTemplate =
    "{{ bos_token }}"
    "{%- if tools %}{% for tool in tools %}[{{ tool.function.name }}]{% endfor %}{% endif %}"
    "{%- for message in messages %}"
    "{%- if message.role not in ['system', 'user', 'assistant', 'tool'] %}"
    "{{ raise_exception('unknown role ' + message.role) }}{% endif %}"
    "{{ '<|assistant|>' if message.role == 'assistant' else '<|user|>' }}"
    "{{ message.content }}<|end|>{% endfor %}"
    "{%- if add_generation_prompt %}<|assistant|>{% endif %}";

/// The character that stands for a byte in byte-level vocabularies (GPT-2's table).
std::string character_of(unsigned byte) {
  const auto shown = [](unsigned b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  unsigned code = byte;
  if (!shown(byte)) {
    code = 256;
    for (unsigned b = 0; b < byte; ++b) code += shown(b) ? 0 : 1;
  }
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3FU))};
}

Json byte_level(bool add_prefix_space) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", true}};
}

Json make_tokenizer() {
  Json vocab = Json::object();
  Json added = Json::array();
  for (const char* special : kSpecials) {
    const auto id = static_cast<std::int32_t>(vocab.size());
    added.push_back({{"id", id},
                     {"content", special},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    vocab[special] = id;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto id = static_cast<std::int32_t>(vocab.size());
    vocab[character_of(byte)] = id;
  }
  Json merges = Json::array();
  for (const auto& [left, right] : kMerges) {
    const auto id = static_cast<std::int32_t>(vocab.size());
    vocab[std::string(left) + right] = id;
    merges.push_back(std::string(left) + " " + right);
  }
  const Json bos{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  const Json text{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json second{{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  Json post{
      {"type", "TemplateProcessing"},
      {"single", Json::array({bos, text})},
      {"pair", Json::array({bos, text, second})},
      {"special_tokens",
       {{"<s>", {{"id", "<s>"}, {"ids", Json::array({0})}, {"tokens", Json::array({"<s>"})}}}}}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", std::move(added)},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level(false)},
          {"post_processor", std::move(post)},
          {"decoder", byte_level(true)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

/// Appends f32 tensors to a safetensors file in memory.
class WeightWriter {
 public:
  explicit WeightWriter(std::uint64_t seed) : state_(seed) {}

  /// Uniform in [-spread, spread], or all ones for spread 0 (norms).
  void add(const std::string& name, std::vector<std::int64_t> shape, float spread) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    const std::size_t begin = data_.size();
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = spread == 0.0F ? 1.0F : spread * next();
      std::array<std::byte, sizeof value> bytes{};
      std::memcpy(bytes.data(), &value, sizeof value);
      data_.insert(data_.end(), bytes.begin(), bytes.end());
    }
    header_[name] = {{"dtype", "F32"},
                     {"shape", std::move(shape)},
                     {"data_offsets", Json::array({begin, data_.size()})}};
  }

  std::vector<std::byte> file() const {
    std::string header = header_.dump();
    while (header.size() % 8 != 0) header += ' ';
    const auto size = static_cast<std::uint64_t>(header.size());
    std::vector<std::byte> file(8 + header.size() + data_.size());
    for (std::size_t i = 0; i < 8; ++i) {
      file[i] = static_cast<std::byte>((size >> (8 * i)) & 0xFFU);
    }
    std::memcpy(file.data() + 8, header.data(), header.size());
    std::memcpy(file.data() + 8 + header.size(), data_.data(), data_.size());
    return file;
  }

 private:
  float next() {  // SplitMix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<float>((z ^ (z >> 31U)) >> 40U) / 8388608.0F - 1.0F;
  }

  std::uint64_t state_;
  Json header_ = Json::object();
  std::vector<std::byte> data_;
};

std::vector<std::byte> make_weights(const TinyModelShape& s, std::int64_t vocab) {
  WeightWriter out(s.seed);
  const std::int64_t hidden = std::int64_t{s.heads} * s.head_dim;
  const std::int64_t kv = std::int64_t{s.kv_heads} * s.head_dim;
  out.add("model.embed_tokens.weight", {vocab, hidden}, 1.0F);
  for (std::int32_t layer = 0; layer < s.layers; ++layer) {
    const std::string at = "model.layers." + std::to_string(layer) + ".";
    out.add(at + "input_layernorm.weight", {hidden}, 0.0F);
    out.add(at + "self_attn.q_proj.weight", {hidden, hidden}, 0.3F);
    out.add(at + "self_attn.k_proj.weight", {kv, hidden}, 0.3F);
    out.add(at + "self_attn.v_proj.weight", {kv, hidden}, 0.3F);
    out.add(at + "self_attn.o_proj.weight", {hidden, hidden}, 0.3F);
    out.add(at + "post_attention_layernorm.weight", {hidden}, 0.0F);
    out.add(at + "mlp.gate_proj.weight", {s.intermediate, hidden}, 0.3F);
    out.add(at + "mlp.up_proj.weight", {s.intermediate, hidden}, 0.3F);
    out.add(at + "mlp.down_proj.weight", {hidden, s.intermediate}, 0.3F);
  }
  out.add("model.norm.weight", {hidden}, 0.0F);
  out.add("lm_head.weight", {vocab, hidden}, 0.5F);
  return out.file();
}

engine::NamedBytes named(const char* name, const std::string& text) {
  return {name, std::as_bytes(std::span(text))};
}

}  // namespace

TinyModel::TinyModel(const TinyModelShape& s) {
  const Json tokenizer = make_tokenizer();
  const auto vocab = static_cast<std::int64_t>(tokenizer["model"]["vocab"].size());
  config_ = Json{
      {"architectures", Json::array({"LlamaForCausalLM"})},
      {"model_type", "llama"},
      {"hidden_size", s.heads * s.head_dim},
      {"intermediate_size", s.intermediate},
      {"num_hidden_layers", s.layers},
      {"num_attention_heads", s.heads},
      {"num_key_value_heads", s.kv_heads},
      {"head_dim", s.head_dim},
      {"hidden_act", "silu"},
      {"max_position_embeddings", s.max_positions},
      {"rms_norm_eps", 1e-5},
      {"rope_theta", 10000.0},
      {"tie_word_embeddings", false},
      {"torch_dtype", "float32"},
      {"bos_token_id", 0},
      {"eos_token_id", 1},
      {"vocab_size",
       vocab}}.dump();
  tokenizer_ = tokenizer.dump();
  tokenizer_config_ = Json{
      {"tokenizer_class", "PreTrainedTokenizerFast"},
      {"bos_token", "<s>"},
      {"eos_token", "</s>"},
      {"model_max_length", s.max_positions},
      {"clean_up_tokenization_spaces", false},
      {"chat_template",
       kTemplate}}.dump();
  weights_ = make_weights(s, vocab);
}

engine::ModelFiles TinyModel::files() const {
  return engine::ModelFiles::from_memory(
      "tiny model", {named("config.json", config_), named("tokenizer.json", tokenizer_),
                     named("tokenizer_config.json", tokenizer_config_),
                     engine::NamedBytes{"model.safetensors", weights_}});
}

engine::Model TinyModel::load(kernels::Backend& backend) const {
  return engine::Model::load(files(), backend);
}

}  // namespace quire::testing
