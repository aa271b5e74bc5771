#include <algorithm>
#include <exception>
#include <functional>
#include <optional>

#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/network.h"
#include "client/commands/standard_streams.h"
#include "client/commands/start_trial.h"
#include "client/commands/upload_source.h"
#include "client/commands/uploads.h"
#include "client/commands/version.h"
#include "client/result/result_files.h"
#include "client/system/clock.h"
#include "client/system/signals.h"
#include "client/upload/gzip.h"
#include "client/upload/sender.h"
#include "client/upload/signed_address.h"

namespace axiom {
namespace {

// One result per address, or the later one would replace the earlier.
void require_room(const std::vector<QueuedObject>& entries, const std::string& target) {
  if (!single_object(target)) return;
  const auto results = std::count_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.kind == UploadKind::result && entry.target == target;
  });
  if (results > 1) {
    throw one_place_for_many(parse_address(target), static_cast<std::size_t>(results));
  }
}

// Whose the credentials are: the server of --upload-url, or the only one that anything waits for.
std::optional<Address> credentials_server(const std::string& url,
                                          const std::vector<QueuedObject>& entries) {
  if (!url.empty()) return upload_server(url);
  std::optional<Address> server;
  for (const QueuedObject& entry : entries) {
    const auto address = object_address(entry.target, entry.kind, entry.name);
    if (!address) continue;
    if (server && !server->same_server(*address)) {
      throw UploadError("--upload-credentials: objects wait for " + server->host + ":" +
                        server->port + " and " + address->host + ":" + address->port +
                        ": name the server that they are for by --upload-url");
    }
    server = address;
  }
  return server;
}

// Headers as HttpsClient sends them, then the text that is in the body.
std::string shown_request(const UploadIdentity& identity, const std::string& name,
                          const std::string& body, const std::string& target, UploadKind kind,
                          bool authorized) {
  if (target.empty()) return "";
  const auto address = object_address(target, kind, name);
  if (!address) return "";
  const bool usual_port = address->port == "443";
  std::string text = "PUT " + address->text + "\n";
  text += "Host: " + address->host + (usual_port ? "" : ":" + address->port) + "\n";
  text += "User-Agent: axiom-client/" + client_version() + "\n";
  for (const auto& [header, value] : upload_headers(identity, body, *address)) {
    text += header + ": " + value + "\n";
  }
  if (authorized) text += "Authorization: from the file of --upload-credentials\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\n\n";
  return text + gunzip(body, maximum_result_bytes) + "\n";
}

std::string text_of(const std::exception_ptr& refused) {
  try {
    std::rethrow_exception(refused);
  } catch (const std::exception& error) {
    return error.what();
  }
}

// What cannot be uploaded is an error, but only after all else is done; `done` may fail itself.
void then_refuse(const std::vector<std::exception_ptr>& refused, Console& console,
                 const std::function<void()>& done) {
  for (std::size_t i = 1; i < refused.size(); ++i) console.warning(text_of(refused[i]));
  try {
    done();
  } catch (...) {
    if (!refused.empty()) console.warning(text_of(refused.front()));
    throw;
  }
  if (!refused.empty()) std::rethrow_exception(refused.front());
}

// Of runs without --upload-url: whoever computed first has to say now where to.
std::string never_queued(const std::string& directory, Outbox& outbox) {
  const UploadSource source = results_to_upload(
      real_file_system(), directory,
      [&](const std::string& name, const std::string&) { return !outbox.knows(name); });
  const auto results =
      std::count_if(source.wanted.begin(), source.wanted.end(),
                    [](const Uploadable& found) { return found.kind == UploadKind::result; });
  if (results == 0) return "";
  return "; results that were never queued: " + std::to_string(results) + " (--upload-url URL)";
}

std::vector<QueuedObject> queued_of(Outbox& outbox, Console& console) {
  std::vector<std::string> notes;
  std::vector<QueuedObject> entries = outbox.queued(notes);
  for (const std::string& note : notes) console.warning(note);
  return entries;
}

void print_uploads(const CommandLine& line, Console& console) {
  const NetworkOptions& network = line.network;
  const std::string& directory = network.upload_directory;
  const std::string placeholder = "https://UPLOAD-URL/";
  const bool authorized = !network.upload_credentials.empty();
  FileSystem& files = real_file_system();
  Outbox outbox(files, outbox_directory(directory), Outbox::Use::look);
  const std::vector<QueuedObject> entries = queued_of(outbox, console);
  const UploadSource source = results_to_upload(
      files, directory,
      [&](const std::string& name, const std::string&) { return !outbox.knows(name); });
  if (authorized) credentials_server(network.upload_url, entries);
  if (!network.upload_url.empty()) {  // what sending would refuse would not leave
    if (authorized) SignedAddress(upload_server(network.upload_url)).require_unsigned();
    std::vector<QueuedObject> all = entries;
    for (const Uploadable& found : source.wanted) all.emplace_back().kind = found.kind;
    for (QueuedObject& entry : all) entry.target = network.upload_url;
    require_room(all, network.upload_url);
  }
  for (const QueuedObject& entry : entries) {
    const std::string& target = network.upload_url.empty() ? entry.target : network.upload_url;
    print(shown_request(entry.identity, entry.name, outbox.body(entry), target, entry.kind,
                        authorized));
  }
  const std::string target = network.upload_url.empty() ? placeholder : network.upload_url;
  then_refuse(source.refused, console, [&] {
    for (const Uploadable& found : source.wanted) {
      const UploadObject object = packed(files, found);
      print(shown_request(object.identity, object.name, object.body, target, object.kind,
                          authorized));
    }
  });
}

void send_from(Outbox& outbox, const CommandLine& line, const std::string& directory,
               const std::string& own_digest) try {
  Console console("upload", line.quiet);
  std::vector<QueuedObject> entries = queued_of(outbox, console);
  const std::string& url = line.network.upload_url;
  if (!url.empty()) {
    const auto is_new = [&](const QueuedObject& entry) {
      return is_for(url, own_digest, entry.identity.result_digest);
    };
    const std::size_t all = entries.size();
    std::erase_if(entries, [&](const QueuedObject& entry) {
      return is_new(entry) && !object_address(url, entry.kind, entry.name);
    });
    if (entries.size() < all) {
      console.note(std::to_string(all - entries.size()) + " of " + std::to_string(all) +
                   " objects stay in '" + outbox.directory() +
                   "': at the address of one object there is room for a result only");
    }
    std::vector<QueuedObject> readdressed = entries;
    for (QueuedObject& entry : readdressed) {
      if (is_new(entry)) entry.target = url;
    }
    require_room(readdressed, url);  // before any entry forgets where it was to go
    for (QueuedObject& entry : entries) {
      if (is_new(entry)) outbox.redirect(entry, url);
    }
  }
  // Not sent, but not lost either: whoever deletes what is done must hear of it.
  const auto require_none_left_out = [&] {
    if (const std::optional<IoError> error = outbox.left_out(own_digest)) throw IoError(*error);
  };
  if (entries.empty()) {
    require_none_left_out();
    console.note("nothing waits to be uploaded in '" + directory + "'" +
                 (url.empty() ? never_queued(directory, outbox) : ""));
    return;
  }
  share_waits(entries, utc_seconds());
  SendSettings settings{line.network.retry, upload_authorization(line.network), {}, 0};
  if (!settings.authorization.empty()) {
    settings.credentials_server = credentials_server(url, entries);
  }
  const auto is_own = [&](const QueuedObject& entry) {
    return own_digest.empty() || entry.identity.result_digest == own_digest;
  };
  const auto others = std::stable_partition(entries.begin(), entries.end(), is_own);
  std::vector<QueuedObject> earlier(others, entries.end());
  entries.erase(others, entries.end());
  const std::unique_ptr<HttpsClient> client = https_client(line.network);
  settings.others_waiting = earlier.size();
  confirm_start();  // it works, however long a server keeps it waiting
  const SendWorld world{real_retry_world(stop_signal), utc_seconds};
  const auto note = [&](const std::string& text) { console.note(text); };
  send_all(outbox, entries, *client, settings, world, note);
  // A run answers for what it computed; of what waited before, others may be down for good.
  settings.retry.patience = 0;
  settings.others_waiting = 0;
  try {
    send_all(outbox, earlier, *client, settings, world, note);
  } catch (const TransferStopped&) {
    throw;
  } catch (const std::runtime_error& error) {
    console.warning("not all that waited before is sent: " + std::string(error.what()));
  }
  require_none_left_out();
} catch (const TransferStopped& stopped) {
  // A run would compute all again.
  throw TransferStopped(stopped.signal, "axiom-client upload " + directory);
}

}  // namespace

Address upload_server(const std::string& url) {
  return object_address(url, UploadKind::result, stand_in_name()).value();
}

void require_upload_options(const CommandLine& line) {
  https_client(line.network);
  const Address address = upload_server(line.network.upload_url);
  if (!upload_authorization(line.network).empty()) SignedAddress(address).require_unsigned();
  // Which headers are sent does not depend on what is in them.
  upload_headers({}, "", address);
}

void queue_uploads(const CommandLine& line, const std::string& own_digest, Console& console) {
  FileSystem& files = real_file_system();
  try {
    Outbox outbox(files, outbox_directory(line.out));
    const UploadSource source =
        queue_results(files, line.out, outbox, line.network.upload_url, own_digest);
    const bool own = source.digests.contains(own_digest);
    if (!own && !source.refused.empty()) std::rethrow_exception(source.refused.front());
    for (const std::exception_ptr& refused : source.refused) console.warning(text_of(refused));
  } catch (const IoError& error) {
    throw IoError(std::string(error.what()) + "; the result is safe in '" + line.out +
                  "', but not yet in its outbox: then the same command goes on");
  }
}

void send_uploads(const CommandLine& line, const std::string& directory,
                  const std::string& own_digest) {
  Outbox outbox(real_file_system(), outbox_directory(directory));
  send_from(outbox, line, directory, own_digest);
}

ExitCode upload_waiting(const CommandLine& line) {
  install_stop_signals();
  const std::string& directory = line.network.upload_directory;
  FileSystem& files = real_file_system();
  if (!files.exists(directory)) throw IoError("there is no directory '" + directory + "'");
  Console console("upload", line.quiet);
  if (line.network.print_upload) {
    print_uploads(line, console);
    return ExitCode::ok;
  }
  const DirectoryLock only_one_writes(directory);
  Outbox outbox(files, outbox_directory(directory));
  UploadSource source;
  if (!line.network.upload_url.empty()) {
    queued_of(outbox, console);  // damaged entries go first, so that their results are queued again
    source = queue_results(files, directory, outbox, line.network.upload_url, "");
  }
  then_refuse(source.refused, console, [&] { send_from(outbox, line, directory, ""); });
  return ExitCode::ok;
}

}  // namespace axiom
