// How the program ends (docs/ERRORS.md). Scripts depend on the numbers: never reuse one.
#pragma once

namespace axiom {

enum class ExitCode : int {
  ok = 0,
  internal_error = 1,
  usage = 2,                ///< options that are unknown, wrong or do not go together
  invalid_input = 3,        ///< a work unit or result file that is refused
  memory = 4,               ///< not enough for the plan
  backend = 5,              ///< unknown here, or not for this processor
  checkpoint_mismatch = 6,  ///< the directory holds a checkpoint of other work
  input_output = 7,
  verify_differs = 8,
  self_test_failed = 9,
  no_driver = 10,  ///< of the device that was asked for
  driver_too_old = 11,
  no_device = 12,
  unsupported_device = 13,  ///< no kernels for it
  device_memory = 14,       ///< not enough for one network
  device_lost = 15,         ///< failed while at work
  wrong_results = 16,       ///< the device computes other numbers than it must
  boinc_start = 20,         ///< BOINC's library or init_data.xml cannot be used
  stuck = 21,               ///< no training step was finished for ten minutes
  hung_up = 129,            ///< SIGHUP, checkpoint saved
  interrupted = 130,        ///< SIGINT, checkpoint saved
  terminated = 143,         ///< SIGTERM, checkpoint saved
};

}  // namespace axiom
