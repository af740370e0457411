#include "engine/safetensors/tensor_store.h"

#include <nlohmann/json.hpp>
#include <set>

#include "engine/config/json_object.h"
#include "engine/safetensors/header.h"

namespace quire::engine {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

[[noreturn]] void no_weights(const ModelFiles& files) {
  std::string message = files.origin() + ": has neither " + kSingleFile + " nor " + kIndexFile;
  for (const std::string& name : files.names()) {
    if (ends_with(name, ".gguf")) {
      throw LoadError(message + "; " + name + ": GGUF files are not supported yet");
    }
    if (ends_with(name, ".bin") || ends_with(name, ".pth") || ends_with(name, ".pt")) {
      throw LoadError(message + "; convert " + name + " to safetensors");
    }
  }
  throw LoadError(message);
}

}  // namespace

TensorStore::TensorStore(const ModelFiles& files) : files_(files) {
  // The same precedence as in transformers: a single file hides an index.
  if (files.contains(kSingleFile)) {
    add_file(kSingleFile);
  } else if (files.contains(kIndexFile)) {
    add_shards();
  } else {
    no_weights(files);
  }
}

const TensorView* TensorStore::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

void TensorStore::add_file(const std::string& file) {
  const auto bytes = files_.find(file);
  const std::string label = files_.origin() + "/" + file;
  if (!bytes) throw LoadError(label + ": is named in " + kIndexFile + " but does not exist");
  SafetensorsHeader header = parse_safetensors_header(*bytes, label);
  const auto body = bytes->subspan(header.body_offset);
  for (StoredTensor& tensor : header.tensors) {
    TensorView view{tensor.dtype, std::move(tensor.shape),
                    body.subspan(tensor.begin, tensor.end - tensor.begin)};
    if (!tensors_.emplace(tensor.name, std::move(view)).second) {
      throw LoadError(label + ": tensor '" + tensor.name + "' is in another shard too");
    }
  }
}

void TensorStore::add_shards() {
  const JsonObject index = JsonObject::from_file(files_, kIndexFile);
  const JsonObject weight_map = index.required_object("weight_map");
  std::set<std::string> shards;
  for (const std::string& tensor : weight_map.keys())
    shards.insert(weight_map.required_text(tensor));
  for (const std::string& shard : shards) add_file(shard);
  for (const std::string& tensor : weight_map.keys()) {
    if (!contains(tensor)) {
      throw LoadError(files_.origin() + "/" + kIndexFile + ": tensor '" + tensor + "' is not in " +
                      weight_map.required_text(tensor));
    }
  }
}

}  // namespace quire::engine
