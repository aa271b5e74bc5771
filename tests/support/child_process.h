// A forked copy of the test, for what ends or locks a whole process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace axiom::testing {

/// Runs `body` in a child and ends that with the number it returns. A pipe lets the child say that
/// it got somewhere: body(ready) calls ready(), the parent waits for it in wait_until_ready().
class ChildProcess {
 public:
  template <typename Body>
  explicit ChildProcess(Body body) {
    if (::pipe(pipe_) != 0) throw std::runtime_error("pipe() failed");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("fork() failed");
    if (process_ == 0) {
      ::alarm(60);  // never outlives a broken test for long
      int status = 99;
      try {
        status = body([this] { (void)!::write(pipe_[1], "r", 1); });
      } catch (...) {
      }
      ::_exit(status);
    }
    ::close(pipe_[1]);
  }
  ~ChildProcess() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      wait();
    }
    ::close(pipe_[0]);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// False if the child ended before.
  bool wait_until_ready() {
    char byte = 0;
    return ::read(pipe_[0], &byte, 1) == 1;
  }
  void send(int signal) const { ::kill(process_, signal); }
  /// The exit status, or −signal if a signal ended the child.
  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) == -1) {
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t process_ = -1;
};

}  // namespace axiom::testing
