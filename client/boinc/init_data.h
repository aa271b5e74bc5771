// What the BOINC client tells a task at its start: init_data.xml in the slot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace axiom::boinc {

inline constexpr const char* init_data_file = "init_data.xml";

/// The parts that this program uses. Bytes and seconds.
struct InitData {
  std::string work_unit_name;
  std::string result_name;
  std::string gpu_type;            ///< "NVIDIA", ...; empty for a task of the processor
  int gpu_device = -1;             ///< number of the device; -1 = none
  double client_process = -1;      ///< number of the client's process; -1 = not told
  double processors = 1;           ///< that the client has set aside for this task
  double checkpoint_period = 300;  ///< by the volunteer's preferences, as the library keeps to it
  double host_memory = 0;          ///< of the host, as the client sees it; 0 = not told
  double memory_share = 1;         ///< of it that the volunteer's preferences allow at most, 0 to 1
};

/// The client writes flat `<name>value</name>` lines; what is missing or no number keeps its
/// default. std::runtime_error if the text is no such file at all.
InitData parse_init_data(std::string_view text);

/// The device that the client has assigned, as a backend would be called: "cuda:1"; "ati:0" for one
/// that no backend here can use. Nothing for a task of the processor.
std::optional<std::string> assigned_device(const InitData& data);

/// At least 1: the whole processors among those set aside, rounded to the nearest.
int task_threads(const InitData& data);

}  // namespace axiom::boinc
