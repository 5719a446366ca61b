// Any bytes, in any pieces: the same requests and refusals. The first two bytes choose the pieces.
//
// Where the bytes end within a head, one way of cutting them may see already that it is wrong while another
// still waits for its end: Beast looks closely at a head only at first sight and when it is whole.
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
  if (whole.size() != pieces.size()) {
    auto& longer = whole.size() > pieces.size() ? whole : pieces;
    DUCAT_CHECK(longer.back().starts_with("refused"), "only a refusal may come earlier");
    longer.pop_back();
  }
  DUCAT_CHECK(whole == pieces, "how the bytes are cut makes no difference");
  return 0;
}
