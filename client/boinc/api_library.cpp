#include "client/boinc/api_library.h"

#include <dlfcn.h>

#include <string>

namespace axiom::boinc {
namespace {

template <class Function>
void find(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));
  if (function == nullptr) {
    throw LibraryError(std::string("libboinc_api.so.7 lacks ") + symbol +
                       ": this is another version than the one that comes with the application");
  }
}

// The slot has the copies that were signed with the application.
void* open_library() {
  ::dlopen("./libboinc.so.7", RTLD_NOW | RTLD_LOCAL);  // else the system's, below
  for (const char* name : {"./libboinc_api.so.7", "libboinc_api.so.7"}) {
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  const char* reason = ::dlerror();
  throw LibraryError(std::string("BOINC's library cannot be loaded: ") +
                     (reason != nullptr ? reason : "libboinc_api.so.7 is not there"));
}

}  // namespace

ApiLibrary load_api_library() {
  void* library = open_library();
  ApiLibrary api{};
  find(library, "boinc_init_options", api.init_options);
  find(library, "boinc_is_standalone", api.is_standalone);
  find(library, "boinc_get_status", api.get_status);
  find(library, "boinc_time_to_checkpoint", api.time_to_checkpoint);
  find(library, "boinc_checkpoint_completed", api.checkpoint_completed);
  find(library, "boinc_fraction_done", api.fraction_done);
  find(library, "boinc_begin_critical_section", api.begin_critical_section);
  find(library, "boinc_end_critical_section", api.end_critical_section);
  find(library, "_Z20boinc_finish_messageiPKcb", api.finish_message);
  find(library, "_Z20boinc_temporary_exitiPKcb", api.temporary_exit);
  return api;
}

}  // namespace axiom::boinc
