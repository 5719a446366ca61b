// See progress.h.
#include "simulate/load/progress.h"

#include <cstdarg>

namespace ducat::load {

void Progress::show(const char* format, ...) const {
  if (stream_ == nullptr) return;
  std::fputs("\r\033[K", stream_);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stream_, format, arguments);
  va_end(arguments);
  std::fflush(stream_);
}

void Progress::clear() const {
  if (stream_ == nullptr) return;
  std::fputs("\r\033[K", stream_);
  std::fflush(stream_);
}

}  // namespace ducat::load
