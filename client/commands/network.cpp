#include "client/commands/network.h"

#include <algorithm>

#include "client/anchors/anchors.h"
#include "client/command_line.h"
#include "client/commands/version.h"
#include "client/system/base64.h"

namespace axiom {

std::unique_ptr<HttpsClient> https_client(const NetworkOptions& options,
                                          std::function<int()> stop) {
  TransferSettings settings;
  settings.pins = options.pins;
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.stall_timeout;
  settings.total_timeout = options.total_timeout;
  settings.stop_signal = std::move(stop);
  return std::make_unique<HttpsClient>(
      std::move(settings),
      choose_trust_store(real_file_system(), options.ca_file, system_trust_stores(),
                         embedded_ca_bundle()),
      "axiom-client/" + client_version());
}

std::string upload_authorization(const NetworkOptions& options) {
  const std::string& path = options.upload_credentials;
  if (path.empty()) return "";
  std::string text = real_file_system().read(path, 8192);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c != 127; });
  if (printable && text.starts_with("Bearer ")) return text;
  if (printable && text.find(':') != std::string::npos) return "Basic " + encode_base64(text);
  throw UsageError("--upload-credentials: expected one line, USER:PASSWORD or Bearer TOKEN, in '" +
                   path + "'");
}

}  // namespace axiom
