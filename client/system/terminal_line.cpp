#include "client/system/terminal_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace axiom {

TerminalLine::TerminalLine(int descriptor) : descriptor_(descriptor) {
  if (::isatty(descriptor) != 1) return;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  own_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

TerminalLine::~TerminalLine() {
  if (own_ != -1) ::close(own_);
}

void TerminalLine::write(std::string_view text) const {
  const int descriptor = own_ != -1 ? own_ : descriptor_;
  // Nothing can be done about a failure, nor need it: the next line comes soon.
  [[maybe_unused]] const ssize_t written = ::write(descriptor, text.data(), text.size());
}

}  // namespace axiom
