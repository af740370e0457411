// Prompts as request bodies. Where the server can tokenise (/tokenize, as quire and vLLM do),
// prompts are token ids, or for chat texts of known length; elsewhere they are words.
#pragma once

#include <string>
#include <vector>

#include "tools/bench/dataset.h"
#include "tools/bench/load.h"
#include "tools/bench/target.h"

namespace quire::tools::bench {

/// The first name of /v1/models. Throws BenchError.
std::string first_model(const Target& target);

/// Thread: caller synchronises.
class PromptMaker {
 public:
  /// Asks the server what it can do. Throws BenchError when it does not answer.
  PromptMaker(const Target& target, const std::string& model, std::string endpoint);

  struct Common {
    std::string model;
    bool ignore_eos = false;
    double temperature = 0;
  };
  std::vector<LoadRequest> make(const DatasetOptions& options, const Common& common) const;

  /// "token ids", "words (2.31 tokens each)" or "words (token lengths unknown)".
  std::string describe() const;

 private:
  std::string endpoint_;
  std::vector<std::int32_t> ids_;  // what prompts are drawn from; empty = words
  double tokens_per_word_ = 0;     // 0 = unknown
};

}  // namespace quire::tools::bench
