#include "client/update/signed_document.h"

#include "client/json/strict_json.h"
#include "client/signature/threshold.h"
#include "client/system/clock.h"

namespace axiom {

namespace document {

void malformed(const std::string& what) {
  throw UpdateError(UpdateFailure::document_malformed,
                    what +
                        "; it is signed, but this program does not understand it: get a newer "
                        "one from the project");
}

const nlohmann::json& member(const std::string& name, const nlohmann::json& json,
                             const std::string& key) {
  if (!json.is_object() || !json.contains(key)) malformed(name + ": \"" + key + "\" is missing");
  return json.at(key);
}

std::string text(const std::string& name, const nlohmann::json& json, const std::string& key) {
  const nlohmann::json& value = member(name, json, key);
  if (!value.is_string()) malformed(name + ": \"" + key + "\" is no string: " + shown(value));
  return value.get<std::string>();
}

std::uint64_t integer(const std::string& name, const nlohmann::json& json, const std::string& key) {
  const nlohmann::json& value = member(name, json, key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest_integer) {
    malformed(name + ": \"" + key + "\" is no integer from 0 to 10^15: " + shown(value));
  }
  return value.get<std::uint64_t>();
}

double time(const std::string& name, const nlohmann::json& json, const std::string& key) {
  const std::optional<double> seconds = parse_utc(text(name, json, key));
  if (!seconds) malformed(name + ": \"" + key + "\" is no time as in 2026-01-31T12:00:00Z");
  return *seconds;
}

}  // namespace document

nlohmann::json verified_document(const std::string& type, std::string_view text,
                                 std::string_view signatures, const KeyList& keys) {
  std::string comment;
  try {
    comment = verify_threshold(text, parse_signatures(signatures), keys.keys, keys.threshold);
  } catch (const SignatureError& error) {
    throw update_error(type, error);
  }
  nlohmann::json json;
  try {
    json = parse_strict_json(text, {maximum_document_bytes, 8});
  } catch (const JsonError& error) {
    document::malformed(type + ": " + error.what());
  }
  if (document::integer(type, json, "schema") != 1) document::malformed(type + ": another schema");
  const std::string expected = type + " " + std::to_string(document::integer(type, json, "number"));
  const std::string own_type = document::text(type, json, "type");
  if (own_type != type || comment != expected) {
    throw UpdateError(UpdateFailure::mixed,
                      type + ": signed as " + shown(comment) +
                          (own_type == type ? "" : ", of type " + shown(own_type)) +
                          ", but it should be " + shown(expected) +
                          ": the project's server mixes documents");
  }
  return json;
}

void require_current(const nlohmann::json& json, const std::string& name, double now) {
  constexpr double day = 86400;
  const double date = document::time(name, json, "date");
  const double expires = document::time(name, json, "expires");
  const std::string clock = " (this host's clock says " + utc_timestamp() + ")";
  if (date > now + day) {
    throw UpdateError(UpdateFailure::from_the_future, name + " is from the future, " +
                                                          document::text(name, json, "date") +
                                                          clock + ": set the clock if it is wrong");
  }
  if (expires <= now) {
    throw UpdateError(UpdateFailure::expired,
                      name + " expired at " + document::text(name, json, "expires") + clock +
                          ": set the clock if it is wrong; otherwise someone keeps newer ones from "
                          "you, or the project has to sign again");
  }
}

}  // namespace axiom
