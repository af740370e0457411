// Small tokenizers for tests: fixtures made by tools/make_tokenizer_goldens.py, and hand-made ones.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/detokenizer.h"
#include "engine/model_files.h"
#include "engine/tokenizer.h"

namespace quire::engine {

inline const std::filesystem::path kTokenizerFixtures =
    std::filesystem::path(QUIRE_SOURCE_DIR) / "tests/engine/fixtures/tokenizers";

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

/// Loads a tokenizer.json given as text, with an optional tokenizer_config.json.
inline Tokenizer tokenizer_of(const std::string& text, const std::string& settings = {}) {
  std::vector<NamedBytes> files{{"tokenizer.json", std::as_bytes(std::span(text))}};
  if (!settings.empty()) {
    files.push_back({"tokenizer_config.json", std::as_bytes(std::span(settings))});
  }
  return Tokenizer(ModelFiles::from_memory("test", std::move(files)));
}

/// What LoadError says of a tokenizer.json, or "loaded".
inline std::string refusal_of(const std::string& text, const std::string& settings = {}) {
  try {
    const Tokenizer tokenizer = tokenizer_of(text, settings);
    return "loaded";
  } catch (const LoadError& error) {
    return error.what();
  }
}

/// A BPE of the letters a to e, the blank and two merges; tests change parts of it.
inline nlohmann::json small_config() {
  return nlohmann::json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, " ": 5, "ab": 6,
              "abc": 7}, "merges": [["a", "b"], ["ab", "c"]]}})");
}

inline std::vector<std::string> split_into_pushes(const Tokenizer& tokenizer,
                                                  std::span<const TokenId> ids,
                                                  bool skip_special_tokens) {
  Detokenizer detokenizer(tokenizer, skip_special_tokens);
  std::vector<std::string> pieces;
  for (const TokenId id : ids) pieces.push_back(detokenizer.push(id));
  pieces.push_back(detokenizer.finish());
  return pieces;
}

}  // namespace quire::engine
