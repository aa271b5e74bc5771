// The functions of BOINC's application library, found at run time. Only for this folder.
#pragma once

#include <boinc_api.h>

#include <stdexcept>

namespace axiom::boinc {

/// The library is not there or not the one that is expected; one line.
class LibraryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Loaded, not linked: an application version carries the library in its slot, and a volunteer who
/// runs the program by hand needs none.
struct ApiLibrary {
  decltype(&::boinc_init_options) init_options;
  decltype(&::boinc_is_standalone) is_standalone;
  decltype(&::boinc_get_status) get_status;
  decltype(&::boinc_time_to_checkpoint) time_to_checkpoint;
  decltype(&::boinc_checkpoint_completed) checkpoint_completed;
  decltype(&::boinc_fraction_done) fraction_done;
  decltype(&::boinc_begin_critical_section) begin_critical_section;
  decltype(&::boinc_end_critical_section) end_critical_section;
  decltype(&::boinc_finish_message) finish_message;
  decltype(&::boinc_temporary_exit) temporary_exit;
};

/// Throws LibraryError. The library stays loaded: it runs threads of its own.
ApiLibrary load_api_library();

}  // namespace axiom::boinc
