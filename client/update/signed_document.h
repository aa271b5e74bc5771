// JSON documents that a threshold of the project's keys has signed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "client/update/failure.h"
#include "client/update/key_list.h"

namespace axiom {

/// A document whose signatures hold. All have `schema` 1, `type` (as in "axiom-client manifest")
/// and `number`; the trusted comment must be "TYPE NUMBER", so that a signature says what it was
/// made for. Nothing is parsed before the signatures hold. UpdateError.
nlohmann::json verified_document(const std::string& type, std::string_view text,
                                 std::string_view signatures, const KeyList& keys);

/// Members of a document, checked; UpdateError (document_malformed) names both.
namespace document {
inline constexpr std::uint64_t largest_integer = 1'000'000'000'000'000;
const nlohmann::json& member(const std::string& name, const nlohmann::json& json,
                             const std::string& key);
std::string text(const std::string& name, const nlohmann::json& json, const std::string& key);
/// 0 to 10^15, not a float.
std::uint64_t integer(const std::string& name, const nlohmann::json& json, const std::string& key);
/// As in 2026-01-31T12:00:00Z, in seconds since 1970.
double time(const std::string& name, const nlohmann::json& json, const std::string& key);
[[noreturn]] void malformed(const std::string& what);
}  // namespace document

/// UpdateError: `expires` is past, or `date` more than a day ahead of `now` (seconds since 1970).
void require_current(const nlohmann::json& json, const std::string& name, double now);

}  // namespace axiom
