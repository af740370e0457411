// Model families: each translates its config.json into a DecoderSpec. One file per family; the
// table in family.cpp lists the model_type names.
#pragma once

#include <string>

#include "engine/config/json_object.h"
#include "engine/decoder/decoder_spec.h"

namespace quire::engine {

/// Llama 2 and 3.x, TinyLlama, SmolLM2; `mistral` too.
DecoderSpec make_llama_spec(const JsonObject& config);
DecoderSpec make_qwen2_spec(const JsonObject& config);
DecoderSpec make_qwen3_spec(const JsonObject& config);

/// By `model_type`. Throws LoadError that names an unknown one and lists the known.
DecoderSpec make_decoder_spec(const JsonObject& config);

}  // namespace quire::engine
