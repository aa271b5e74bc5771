// What there is to upload: the results of a directory, with what pins them.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "client/system/files.h"
#include "client/upload/outbox.h"

namespace axiom {

/// DIRECTORY/outbox.
std::string outbox_directory(const std::string& directory);

/// What a directory has for a server.
struct UploadSource {
  std::vector<UploadObject> objects;        ///< in the order of their names
  std::vector<std::exception_ptr> refused;  ///< why a file is not among them
};

/// The results in `directory` (those that were kept under another name, too) and the telemetry that
/// belongs to them. A file is refused by an IoError if it differs from its .sha256 file or cannot
/// be read, by a WorkUnitError if it is no result: the others are none the worse for it.
UploadSource results_to_upload(FileSystem& files, const std::string& directory);

/// Adds to the outbox what it does not know, and returns what there was. At the address of one
/// object there is no place for others than `own_digest`, if that is given. Throws as
/// Outbox::add().
UploadSource queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                           const std::string& target, const std::string& own_digest);

/// Whether what `identity` names may go to `target`, if a run that computed `own_digest` (empty: no
/// run) asks for that.
bool is_for(const std::string& target, const std::string& own_digest,
            const UploadIdentity& identity);

}  // namespace axiom
