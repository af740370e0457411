// Values of the template language with Python's semantics: ints are 64-bit (overflow is an error),
// text is UTF-8 indexed by code points, dicts keep insertion order. Values share immutable
// contents; what jinja's immutable sandbox lets a template change is list.pop(), a namespace's
// attributes and a generator's position.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/jinja/budget.h"

namespace quire::engine::jinja {

class Runtime;
struct Text;
struct Sequence;
struct Dict;
struct Namespace;
struct Callable;
struct LoopState;

/// An undefined value knows what to say when it is used.
struct Undefined {
  std::shared_ptr<const std::string> message;
};
struct None {};

using TextRef = std::shared_ptr<const Text>;
using SequenceRef = std::shared_ptr<Sequence>;
using DictRef = std::shared_ptr<const Dict>;
using NamespaceRef = std::shared_ptr<Namespace>;
using CallableRef = std::shared_ptr<const Callable>;
using LoopRef = std::shared_ptr<LoopState>;

class Value {
 public:
  using Content = std::variant<Undefined, None, bool, std::int64_t, double, TextRef, SequenceRef,
                               DictRef, NamespaceRef, CallableRef, LoopRef>;

  Value() = default;  // undefined, without a message
  template <class T>
  requires std::is_constructible_v<Content, std::in_place_type_t<T>, T> Value(T content)
      : content_(std::in_place_type<T>, std::move(content)) {
  }  // NOLINT(google-explicit-constructor)

  template <class T>
  bool is() const noexcept {
    return std::holds_alternative<T>(content_);
  }
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&content_);
  }
  bool is_undefined() const noexcept { return is<Undefined>(); }
  bool is_none() const noexcept { return is<None>(); }
  /// The text, sequence, dict ... or nullptr.
  const Text* text() const noexcept { return pointee<TextRef>(); }
  Sequence* sequence() const noexcept { return pointee<SequenceRef>(); }
  const Dict* dict() const noexcept { return pointee<DictRef>(); }
  const Content& content() const noexcept { return content_; }

 private:
  template <class Ref>
  auto pointee() const noexcept -> typename Ref::element_type* {
    const Ref* ref = std::get_if<Ref>(&content_);
    return ref == nullptr ? nullptr : ref->get();
  }

  Content content_;
};

/// UTF-8; bytes that are no UTF-8 count as one code point each. `markup` marks text that the `safe`
/// and `escape` filters made: adding other text to it escapes that text, as MarkupSafe does.
struct Text {
  std::string bytes;
  std::size_t length = 0;  // code points
  bool markup = false;
  Lease lease;

  bool ascii() const noexcept { return length == bytes.size(); }
};

/// Everything that is a row of values.
struct Sequence {
  enum class Kind : std::uint8_t {
    list,
    tuple,
    group,      // a tuple (grouper, list) from groupby
    range,      // bounds: start, stop, step
    generator,  // what lazy filters give: can be walked once, has no length
    keys,
    values,
    items,
  };
  Kind kind = Kind::list;
  std::vector<Value> items;
  std::size_t cursor = 0;  // generators: items before it are spent
  std::array<std::int64_t, 3> bounds{};
  std::size_t depth = 1;  // 1 + that of the deepest item
  Lease lease;
};

struct Dict {
  using Entry = std::pair<Value, Value>;
  std::vector<Entry> entries;         // insertion order, keys distinct
  std::vector<std::uint32_t> by_key;  // entries sorted by key; empty while they are few
  std::size_t depth = 1;
  Lease lease;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
  Lease lease;
};

/// Names are numbered per template. A block's variables are few, so they are searched linearly.
using NameId = std::uint32_t;
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<NameId, Value>> variables;
  bool kept = false;
  Lease lease;  // of kept scopes
};

struct Args {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// A filter, a method or a global function; `self` is the value on its left (undefined for
/// globals).
using Native = Value (*)(Runtime&, const Value& self, const Args&);

struct MacroBody;

struct Callable {
  std::string name;
  Native native = nullptr;
  Value self;
  // Of macros and of the bodies of call blocks.
  const MacroBody* macro = nullptr;
  std::shared_ptr<Scope> scope;
};

struct ForLoop;

/// The `loop` variable.
struct LoopState {
  std::vector<Value> items;
  std::size_t index0 = 0;
  std::size_t depth0 = 0;
  std::size_t depth = 1;  // as that of a sequence of the items
  Value last_changed;     // what loop.changed saw last
  bool changed_seen = false;
  const ForLoop* body = nullptr;  // of a recursive loop
  std::weak_ptr<Scope> scope;
};

/// Makes values on a budget and keeps the render's shared state. Thread: caller synchronises.
class Runtime {
 public:
  Runtime(const TemplateLimits& limits, const ChatTemplate::Clock& clock)
      : budget(limits), now(clock) {}

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  Value text(std::string bytes, bool markup = false);
  Value list(std::vector<Value> items) { return sequence(Sequence::Kind::list, std::move(items)); }
  Value tuple(std::vector<Value> items) {
    return sequence(Sequence::Kind::tuple, std::move(items));
  }
  Value generator(std::vector<Value> items) {
    return sequence(Sequence::Kind::generator, std::move(items));
  }
  Value sequence(Sequence::Kind kind, std::vector<Value> items);
  /// Later duplicates of a key replace the value and keep the place. Fails on unhashable keys.
  Value dict(std::vector<Dict::Entry> entries);

  Value make_namespace(std::vector<std::pair<std::string, Value>> attributes);
  /// Keeps `scope` until the end of the render, when its variables are dropped: a macro and the
  /// scope that it was defined in own each other.
  void keep(std::shared_ptr<Scope> scope);

  Budget budget;
  const ChatTemplate::Clock& now;

 private:
  std::vector<NamespaceRef> namespaces_;  // the same holds for them: ns.self = ns
  std::vector<std::shared_ptr<Scope>> scopes_;
};

/// Text outside any budget: literals of a template's source.
Value literal_text(std::string bytes);

Value undefined(std::string message);
/// What jinja says about `subject.name` and `subject[name]` that do not exist.
Value undefined_attribute(const Value& subject, std::string_view name);

/// Python's name of the type, such as "str".
std::string_view type_name(const Value& value);

/// Whether it can be a dict key.
bool hashable(const Value& value);

/// The dict's value under `key`, or nullptr. An unhashable key is not there.
const Value* find(Runtime& rt, const Dict& dict, const Value& key);
const Value* find(Runtime& rt, const Dict& dict, std::string_view key);

}  // namespace quire::engine::jinja
