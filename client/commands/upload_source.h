// What there is to upload: the results of a directory, with what pins them.
#pragma once

#include <exception>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "client/system/files.h"
#include "client/upload/outbox.h"

namespace axiom {

/// DIRECTORY/outbox.
std::string outbox_directory(const std::string& directory);

/// What could be sent, not yet packed.
struct Uploadable {
  UploadKind kind;
  std::string name;
  UploadIdentity identity;
  std::string path;
};

/// What a directory has for a server.
struct UploadSource {
  std::vector<Uploadable> wanted;           ///< in the order of the files' names
  std::set<std::string> digests;            ///< of all results that are whole
  std::vector<std::exception_ptr> refused;  ///< why a file is not among them
};

/// Whether an object of that name, which belongs to the result of that digest, is asked for.
using Wanted = std::function<bool(const std::string& name, const std::string& result_digest)>;

/// The results in `directory` (those that were kept under another name, too) and the telemetry that
/// belongs to them, as far as they are `wanted`. A file is refused by an IoError if it differs from
/// its .sha256 file or cannot be read, by a WorkUnitError if it is wanted and no result: the others
/// are none the worse for it. Holds one of them in memory at a time.
UploadSource results_to_upload(FileSystem& files, const std::string& directory,
                               const Wanted& wanted);

/// IoError, also if it has changed since it was found.
UploadObject packed(FileSystem& files, const Uploadable& found);

/// Adds to the outbox what it does not know, one object at a time, and returns what there was. At
/// the address of one object there is no place for others than `own_digest`, if that is given.
/// Throws as Outbox::add().
UploadSource queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                           const std::string& target, const std::string& own_digest);

/// Whether the result of that digest, or what belongs to it, may go to `target`, if a run that
/// computed `own_digest` (empty: no run) asks for that.
bool is_for(const std::string& target, const std::string& own_digest,
            const std::string& result_digest);

}  // namespace axiom
