// Any bytes as a stored event: kCorrupt, or an event that is written and read as itself.
#include "services/wallet/store/event_codec.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto event = ducat::wallet::decode_view(bytes);
  auto owned = ducat::wallet::decode(bytes);
  DUCAT_CHECK(event.has_value() == owned.has_value(), "both readings agree");
  if (!event) return 0;
  std::string written;
  ducat::wallet::encode(written, event->wallet, event->event);
  auto again = ducat::wallet::decode_view(written);
  DUCAT_CHECK(again.has_value(), "what was written can be read");
  DUCAT_CHECK(again->wallet == event->wallet && again->event == event->event, "and is the same");
  DUCAT_CHECK(owned->wallet() == event->wallet && owned->event() == event->event, "as is the copy");
  return 0;
}
