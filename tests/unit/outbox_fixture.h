// Objects of an outbox on a disk that fails and forgets.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/upload/outbox.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {

using testing::FaultyFileSystem;
using testing::PowerCut;

// As upload_object.h makes names.
inline std::string file(const std::string& name) {
  return name + "-" + std::string(64, '0') + ".result.json.gz";
}

inline UploadObject object(const std::string& name) {
  return {
      UploadKind::result, file(name), {"0.1.0", "b", "e", "2.0", "1", "p", "r"}, "body of " + name};
}

inline std::vector<std::string> waiting(FaultyFileSystem& files,
                                        std::vector<std::string>* notes = nullptr) {
  std::vector<std::string> own;
  Outbox outbox(files, "/o");
  std::vector<std::string> names;
  for (const QueuedObject& entry : outbox.queued(notes == nullptr ? own : *notes)) {
    EXPECT_EQ(outbox.body(entry), "body of " + entry.name.substr(0, entry.name.find('-')));
    names.push_back(entry.name);
  }
  return names;
}

}  // namespace axiom
