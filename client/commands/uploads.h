// Uploading as part of a run.
#pragma once

#include <string>

#include "client/command_line.h"
#include "client/commands/console.h"
#include "client/transfer/address.h"

namespace axiom {

/// Where a result goes by the address of --upload-url: for the server's name and port.
Address upload_server(const std::string& url);

/// Reads the files that options name and what an address signed in advance asks for, so that what
/// is missing or wrong shows before anything is computed. IoError, UsageError, UploadError.
void require_upload_options(const CommandLine& line);

/// Puts the results of line.out that were not uploaded before into its outbox, durably; if
/// --upload-url is the address of one object, only the result of the run, whose digest is
/// `own_digest`. Files beside that cannot be uploaded are warnings. IoError with what to do.
/// REQUIRES: the directory is locked by this process.
void queue_uploads(const CommandLine& line, const std::string& own_digest, Console& console);

/// Sends what is in the outbox of `directory`; other addresses than --upload-url, if that is given,
/// are replaced, but not by the address of one object that is for `own_digest` (empty: for
/// whatever waits). Notes go to standard error unless --quiet. TransferError, IoError,
/// TransferStopped.
void send_uploads(const CommandLine& line, const std::string& directory,
                  const std::string& own_digest);

}  // namespace axiom
