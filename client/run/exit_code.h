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
  bench_broken = 18,        ///< `bench`: a backend computes other numbers than the reference
  boinc_start = 20,         ///< BOINC's library or init_data.xml cannot be used
  stuck = 21,               ///< no training step was finished for ten minutes
  // Uploads and everything else over HTTPS (docs/UPLOADS.md).
  unreachable = 40,       ///< name, connection or a cut transfer; after all attempts
  tls_refused = 41,       ///< the server did not prove who it is
  timed_out = 42,         ///< after all attempts
  answer_refused = 43,    ///< the server answered, but did not acknowledge
  redirect_refused = 44,  ///< to http, too often, or where a PUT cannot follow
  too_much_data = 45,     ///< an answer beyond its limit
  policy_refuses = 46,    ///< the project does not accept this program or experiment any more
  no_libcurl = 47,        ///< libcurl is missing or not usable
  // What the project signs (docs/UPDATES.md).
  no_update_keys = 50,
  signature_malformed = 51,
  signature_wrong = 52,
  too_few_signatures = 53,
  same_key_twice = 54,
  comment_altered = 55,
  mixed_documents = 56,
  document_malformed = 57,
  document_expired = 58,
  document_from_the_future = 59,
  version_not_newer = 60,
  document_older_than_seen = 61,
  wrong_platform = 62,
  wrong_size = 63,
  wrong_hash = 64,
  version_too_old = 65,     ///< to be updated in one step
  new_version_failed = 66,  ///< its self-test; this version stays
  version_failed_before = 67,
  rotation_refused = 68,
  executable_damaged = 69,  ///< not as the project signed it
  update_not_here = 70,     ///< under BOINC
  hung_up = 129,            ///< SIGHUP, checkpoint saved
  interrupted = 130,        ///< SIGINT, checkpoint saved
  terminated = 143,         ///< SIGTERM, checkpoint saved
  time_used_up = 152,       ///< SIGXCPU, checkpoint saved
};

}  // namespace axiom
