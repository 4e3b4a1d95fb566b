// A server for tests, run as a Python program of tests/support that prints its port and then one
// JSON object for everything it receives. It ends when this object does.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/check.h"

namespace belgrand::testing {

class Sink {
 public:
  // `script` is a file name in tests/support.
  Sink(const std::string& script, const std::vector<std::string>& arguments = {}) {
    const char* source = std::getenv("BELGRAND_SOURCE_DIR");
    BELGRAND_CHECK(source != nullptr);
    std::vector<std::string> words = {"/usr/bin/python3",
                                      std::string(source) + "/tests/support/" + script};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int input[2];
    int output[2];
    BELGRAND_CHECK(::pipe2(input, O_CLOEXEC) == 0 && ::pipe2(output, O_CLOEXEC) == 0);
    // Room for what it says of several mails with pictures before anybody reads it.
    BELGRAND_CHECK(::fcntl(output[1], F_SETPIPE_SZ, 1 << 20) > 0);
    process_ = ::fork();
    BELGRAND_CHECK(process_ >= 0);
    if (process_ == 0) {
      ::dup2(input[0], 0);
      ::dup2(output[1], 1);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    output_ = output[0];
    const auto hello = Next();
    BELGRAND_CHECK(hello.has_value());  // python3 or its aiosmtpd package is missing
    port_ = hello->at("port").get<int>();
  }
  ~Sink() {
    ::close(input_);
    ::close(output_);
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  int port() const { return port_; }

  // Hands it a line on its standard input, where it takes any.
  void Say(const std::string& line) {
    const std::string text = line + "\n";
    BELGRAND_CHECK(::write(input_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  // What it received next; absent when nothing came in time.
  std::optional<nlohmann::json> Next(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return nlohmann::json::parse(line);
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd waiting{output_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
        return std::nullopt;
      }
      char bytes[4096];
      const ssize_t count = ::read(output_, bytes, sizeof bytes);
      if (count <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }
  // True when it has received nothing that was not fetched.
  bool IsEmpty() { return !Next(std::chrono::milliseconds(50)).has_value(); }

 private:
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  int port_ = 0;
  std::string buffer_;
};

}  // namespace belgrand::testing
