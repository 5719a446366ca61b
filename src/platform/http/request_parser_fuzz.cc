// Any bytes, in any pieces: the same requests, or the same refusal. The first two bytes choose the pieces.
#include "base/check.h"
#include "base/random.h"
#include "platform/http/parser_fixture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  size_t most = size_t{1} + data[0];
  ducat::SeededRandom random(data[1]);
  std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  auto whole = ducat::http::requests_of(bytes, [] { return SIZE_MAX; });
  auto pieces = ducat::http::requests_of(bytes, [&] { return 1 + random.below(most); });
  DUCAT_CHECK(whole == pieces, "how the bytes are cut makes no difference");
  return 0;
}
