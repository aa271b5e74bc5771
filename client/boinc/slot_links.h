// Where the files of a task lie: what its client has put into the slot in their place.
#pragma once

#include <string>

namespace axiom::boinc {

/// The path that a logical name stands for. A client puts a text `<soft_link>PATH</soft_link>` or a
/// symbolic link there; without either it is the file itself, as in a slot that was made by hand.
/// Not left to BOINC's library, which takes 511 bytes and leaves symbolic links to be followed by
/// whoever opens the file: a result that is renamed into place would replace the link.
/// IoError: a text that begins like a link but is none; a directory, pipe or device.
std::string follow_slot_link(const std::string& logical_name);

}  // namespace axiom::boinc
