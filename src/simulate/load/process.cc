// See process.h.
#include "simulate/load/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ducat::load {

ProcessUse own_use() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);  // cannot fail with these arguments
  auto micros = [](const timeval& t) { return static_cast<int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec; };
  return {.cpu_micros = micros(usage.ru_utime) + micros(usage.ru_stime), .rss_peak_kib = usage.ru_maxrss};
}

Result<ProcessUse> use_of(int pid) {
  std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return fail(Errc::kNotFound, "there is no process " + std::to_string(pid));
  // The second field is the name in parentheses and may hold anything; the third follows the last ')'.
  size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return fail(Errc::kIo, "cannot read " + folder + "/stat");
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  if (!(fields >> user >> system)) return fail(Errc::kIo, "cannot read " + folder + "/stat");

  ProcessUse use{.cpu_micros = (user + system) * 1'000'000 / sysconf(_SC_CLK_TCK), .rss_peak_kib = 0};
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) use.rss_peak_kib = std::stoll(line.substr(6));
  }
  return use;
}

}  // namespace ducat::load
