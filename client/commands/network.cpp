#include "client/commands/network.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "client/anchors/anchors.h"
#include "client/command_line.h"
#include "client/commands/version.h"
#include "client/system/base64.h"

namespace axiom {
namespace {

// A pipe, as a shell makes of <(command), can be read only once: what it held is kept. Files are
// read anew, as they may have been mended during a long run.
template <typename Value, typename Read>
Value read_or_kept(const std::string& path, Read read) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown) || std::filesystem::is_regular_file(path, unknown)) {
    return read();
  }
  static std::mutex mutex;
  static std::map<std::string, Value> kept;
  const std::lock_guard lock(mutex);
  auto found = kept.find(path);
  if (found == kept.end()) found = kept.emplace(path, read()).first;
  return found->second;
}

TrustStore trust_store(const NetworkOptions& options) {
  return read_or_kept<TrustStore>(options.ca_file, [&] {
    return choose_trust_store(real_file_system(), options.ca_file, system_trust_stores(),
                              embedded_ca_bundle());
  });
}

}  // namespace

std::unique_ptr<HttpsClient> https_client(const NetworkOptions& options,
                                          std::function<int()> stop) {
  TransferSettings settings;
  settings.pins = options.pins;
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.stall_timeout;
  settings.total_timeout = options.total_timeout;
  settings.stop_signal = std::move(stop);
  return std::make_unique<HttpsClient>(std::move(settings), trust_store(options),
                                       "axiom-client/" + client_version());
}

std::string upload_authorization(const NetworkOptions& options) {
  const std::string& path = options.upload_credentials;
  if (path.empty()) return "";
  std::string text =
      read_or_kept<std::string>(path, [&] { return real_file_system().read(path, 8192); });
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c != 127; });
  if (printable && text.starts_with("Bearer ")) return text;
  if (printable && text.find(':') != std::string::npos) return "Basic " + encode_base64(text);
  throw UsageError("--upload-credentials: expected one line, USER:PASSWORD or Bearer TOKEN, in '" +
                   path + "'");
}

}  // namespace axiom
