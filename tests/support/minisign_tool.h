// The real minisign tool, with throw-away keys.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "client/system/files.h"
#include "tests/support/temporary_directory.h"

namespace axiom::testing {

class MinisignTool {
 public:
  /// The public key `name`, as the tool prints it; made on first use.
  std::string key(const std::string& name) {
    const std::string public_key = directory_ / (name + ".pub");
    if (!real_file_system().exists(public_key)) {
      run("minisign -G -W -p '" + public_key + "' -s '" + (directory_ / (name + ".key")) + "'");
    }
    const std::string text = read(name + ".pub");
    return text.substr(text.find('\n') + 1, 56);
  }

  /// The text of a signature file.
  std::string sign(const std::string& text, const std::string& name,
                   const std::string& comment = "a comment", const std::string& option = "") {
    key(name);
    real_file_system().write_durably(directory_ / "message", text);
    run("minisign -S " + option + " -s '" + (directory_ / (name + ".key")) + "' -t '" + comment +
        "' -m '" + (directory_ / "message") + "'");
    return read("message.minisig");
  }

  std::string read(const std::string& file) {
    return real_file_system().read(directory_ / file, 1 << 20);
  }

 private:
  static void run(const std::string& command) {
    ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }

  TemporaryDirectory directory_;
};

}  // namespace axiom::testing
