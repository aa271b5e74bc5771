// What the outbox writes beside a body: the entry that makes it an object that waits, and the
// receipt.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client/upload/upload_object.h"

namespace axiom {

/// An entry of the outbox, without its body.
struct QueuedObject {
  UploadKind kind = UploadKind::result;
  std::string name;
  UploadIdentity identity;
  std::string target;     ///< the address as the user gave it
  std::size_t bytes = 0;  ///< of the body
  std::string sha256;     ///< of the body
  int failures = 0;       ///< attempts so far
  double not_before = 0;  ///< UTC seconds: the server asked not to come earlier; 0 = it did not
  std::optional<std::vector<std::string>> devices = {};  ///< UploadObject::devices
};

inline constexpr std::size_t maximum_entry_bytes = std::size_t{64} << 10;
inline constexpr int most_counted_failures = 1000000;

/// An entry is damaged; one line.
class EntryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Written by a later version of this program: not damaged, but not to be sent by this one.
class LaterSchema : public std::runtime_error {
 public:
  LaterSchema() : std::runtime_error("of a later version of this program") {}
};

/// With a digest over all of it and the name.
std::string entry_text(const QueuedObject& entry);
/// EntryError, LaterSchema.
QueuedObject parse_entry(const std::string& name, std::string_view text);

/// The server at `address` has it. `when`: UTC, as text.
std::string receipt_text(const QueuedObject& entry, const std::string& address,
                         const std::string& when);
/// Whether a text says anything: one that does not acknowledges nothing.
bool is_receipt(std::string_view text);

}  // namespace axiom
