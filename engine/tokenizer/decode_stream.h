// Decoding in progress: the state of every stage of a Decoder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/decoder.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {

/// What one stage remembers between fragments; each kind of stage uses its own few fields.
struct StageState {
  std::string held;       // text of the current token that may still change
  std::string run;        // ByteFallback: bytes of the current run of byte tokens
  std::size_t count = 0;  // tokens finished; Strip: characters removed; ByteFallback: whole
                          // characters of the run, in bytes
  bool settled = false;   // Strip: the front is done; ByteFallback: the run is invalid; Join: the
                          // token has begun
  Utf8Repair repair;      // ByteLevel
};

/// Tokens in, text out; every piece of text ends with a whole character. The work for a token is
/// proportional to its length (amortised). The decoder must outlive it. Thread: caller
/// synchronises.
class DecodeStream {
 public:
  explicit DecodeStream(const Decoder& decoder)
      : decoder_(&decoder), states_(decoder.stages().size()) {}

  /// Appends the text that this token settles.
  void push(std::string_view token, std::string& out);
  /// Appends the rest. Nothing may be pushed afterwards.
  void finish(std::string& out);

 private:
  const Decoder* decoder_;
  std::vector<StageState> states_;
};

}  // namespace quire::engine::tokenizer
