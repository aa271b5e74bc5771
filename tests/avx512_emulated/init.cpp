// The first and only process of the emulated machine (run.sh): runs each line of /commands, says
// how it ended, and switches the machine off.
#include <fcntl.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// Runs a command line (words apart by blanks, no quotes).
/// Returns: its exit status; 128 + the signal that ended it; 127 if it could not start.
int run(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    std::perror(arguments[0]);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) return 127;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// The kernel's word on the processor; empty if it has none.
std::string processor_field(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with(name) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

/// Bochs stops when this word arrives at this port; there is no ACPI (kernel option acpi=off).
[[noreturn]] void power_off() {
  constexpr unsigned short shutdown_port = 0x8900;
  if (ioperm(shutdown_port, 1, 1) != 0) std::perror("ioperm");
  for (const char letter : {'S', 'h', 'u', 't', 'd', 'o', 'w', 'n'}) {
    outb(static_cast<unsigned char>(letter), shutdown_port);
  }
  for (;;) pause();
}

}  // namespace

int main() {
  for (const char* folder : {"/proc", "/sys", "/tmp"}) mkdir(folder, 0755);
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("sysfs", "/sys", "sysfs", 0, nullptr);
  std::printf(
      "### processor: %s, %s\n", processor_field("model name").c_str(),
      processor_field("flags").find(" avx512f ") == std::string::npos ? "no AVX-512" : "AVX-512");
  std::ifstream commands("/commands");
  for (std::string line; std::getline(commands, line);) {
    std::printf("### run %s\n", line.c_str());
    std::fflush(stdout);
    const std::time_t start = std::time(nullptr);
    const int status = run(line);
    std::printf("### exit %d after %ld emulated s: %s\n", status,
                static_cast<long>(std::time(nullptr) - start), line.c_str());
    std::fflush(stdout);
  }
  std::printf("### end\n");
  std::fflush(stdout);
  tcdrain(STDOUT_FILENO);  // the serial port sends what is left
  power_off();
}
