// How devices are used where nobody asks for anything else.
#pragma once

namespace axiom {

inline constexpr double default_replay_share = 0.01;    ///< of the work, done twice and compared
inline constexpr double default_launch_seconds = 0.05;  ///< a launch ends with the step after these
inline constexpr double desktop_launch_seconds = 0.008;  ///< a frame at 60 Hz lasts 17 ms

}  // namespace axiom
