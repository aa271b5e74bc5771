#include "client/update/key_list.h"

#include <algorithm>

#include "client/json/strict_json.h"
#include "client/signature/threshold.h"
#include "client/update/failure.h"
#include "client/update/signed_document.h"

namespace axiom {
namespace {

constexpr std::size_t maximum_keys = 8;
const std::string type = "axiom-client keys";

bool same(const PublicKey& a, const PublicKey& b) { return a.id == b.id || a.key == b.key; }

void add_keys(const nlohmann::json& json, const std::string& key, std::vector<PublicKey>& keys,
              std::vector<PublicKey>& all) {
  const nlohmann::json& list = document::member(type, json, key);
  if (!list.is_array() || list.size() > maximum_keys) {
    document::malformed(type + ": \"" + key + "\" is no list of at most 8");
  }
  for (const nlohmann::json& entry : list) {
    if (!entry.is_string()) document::malformed(type + ": no key: " + shown(entry));
    PublicKey parsed;
    try {
      parsed = parse_public_key(entry.get<std::string>());
    } catch (const SignatureError& error) {
      document::malformed(type + ": " + error.what());
    }
    for (const PublicKey& other : all) {
      if (same(parsed, other)) document::malformed(type + ": key " + parsed.name() + " twice");
    }
    keys.push_back(parsed);
    all.push_back(parsed);
  }
}

}  // namespace

KeyList parse_key_list(std::string_view text) {
  nlohmann::json json;
  try {
    json = parse_strict_json(text, {maximum_document_bytes, 8});
  } catch (const JsonError& error) {
    document::malformed(type + ": " + error.what());
  }
  if (document::integer(type, json, "schema") != 1 || document::text(type, json, "type") != type) {
    document::malformed(type + ": another type or schema");
  }
  KeyList list;
  list.text = text;
  list.number = document::integer(type, json, "number");
  list.threshold = document::integer(type, json, "threshold");
  std::vector<PublicKey> all;
  add_keys(json, "keys", list.keys, all);
  add_keys(json, "next", list.next, all);
  if (list.keys.empty() || list.threshold < 1 || list.threshold > list.keys.size()) {
    document::malformed(type + ": a threshold of " + std::to_string(list.threshold) + " of " +
                        std::to_string(list.keys.size()) + " keys");
  }
  return list;
}

KeyList rotated_keys(const KeyList& old, std::string_view text, std::string_view signatures) {
  verified_document(type, text, signatures, old);
  KeyList list = parse_key_list(text);
  try {
    verify_threshold(text, parse_signatures(signatures), list.keys, list.threshold);
  } catch (const SignatureError& error) {
    throw UpdateError(UpdateFailure::rotation_refused,
                      type + " " + std::to_string(list.number) +
                          ": not signed by enough of its own keys: " + error.what());
  }
  if (list.number != old.number + 1) {
    throw UpdateError(UpdateFailure::rotation_refused,
                      type + ": number " + std::to_string(list.number) + " does not follow " +
                          std::to_string(old.number));
  }
  for (const PublicKey& key : list.keys) {
    const auto known = [&](const PublicKey& other) { return key.text == other.text; };
    if (std::none_of(old.keys.begin(), old.keys.end(), known) &&
        std::none_of(old.next.begin(), old.next.end(), known)) {
      throw UpdateError(UpdateFailure::rotation_refused,
                        type + " " + std::to_string(list.number) + ": key " + key.name() +
                            " was not announced by the list before");
    }
  }
  return list;
}

}  // namespace axiom
