#pragma once

#include <stdexcept>

namespace axiom {

/// An upload that cannot be as asked for; one line.
class UploadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace axiom
