// What there is to upload: the results of a directory, with what pins them.
#pragma once

#include <string>
#include <vector>

#include "client/system/files.h"
#include "client/upload/outbox.h"

namespace axiom {

/// DIRECTORY/outbox.
std::string outbox_directory(const std::string& directory);

/// The results in `directory` (those that were kept under another name, too) and the telemetry that
/// belongs to them, in the order of their names. IoError also for a result that differs from its
/// .sha256 file; WorkUnitError for a file that is no result.
std::vector<UploadObject> results_to_upload(FileSystem& files, const std::string& directory);

/// Adds to the outbox what it does not know. Throws as results_to_upload() and Outbox::add().
void queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                   const std::string& target);

}  // namespace axiom
