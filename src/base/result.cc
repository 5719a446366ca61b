// Names of the error codes, for logs.
#include "base/result.h"

namespace ducat {

const char* to_string(Errc code) {
  switch (code) {
    case Errc::kInvalid:
      return "invalid";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kConflict:
      return "conflict";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kFull:
      return "full";
    case Errc::kCorrupt:
      return "corrupt";
    case Errc::kFenced:
      return "fenced";
    case Errc::kBusy:
      return "busy";
    case Errc::kIo:
      return "io";
    case Errc::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace ducat
