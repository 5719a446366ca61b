// Events to bytes and back: the message ducat.wallet.v1.StoredEvent (contracts/ducat/wallet/v1/events.proto)
// in protobuf's wire format, written by hand because every command pays for it: no message object, no
// allocation of its own. Fields ascend and defaults are left out, so the bytes are exactly those the
// generated class writes; the test holds the two against each other. Wire format:
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/wallet/domain/events.h"

namespace ducat::wallet {

// An event, and the wallet it belongs to. The event's texts are views into the bytes it was read from.
struct StoredEventView {
  WalletNo wallet{};
  Event event;
};

// The same, owning its bytes: may outlive what it was read from. Moves keep the views valid; there are no
// copies.
class StoredWalletEvent {
 public:
  StoredWalletEvent(StoredWalletEvent&&) = default;
  StoredWalletEvent& operator=(StoredWalletEvent&&) = default;
  StoredWalletEvent(const StoredWalletEvent&) = delete;
  StoredWalletEvent& operator=(const StoredWalletEvent&) = delete;

  WalletNo wallet() const { return view_.wallet; }
  const Event& event() const { return view_.event; }

 private:
  friend Result<StoredWalletEvent> decode(std::string_view bytes);
  StoredWalletEvent() = default;

  std::vector<char> bytes_;  // not a string: a short one would move its characters
  StoredEventView view_;
};

// Appends the event's bytes to `out`.
void encode(std::string& out, WalletNo wallet, const Event& event);

// Reads one event; its texts point into `bytes`. Fields of newer versions are skipped. kCorrupt for anything
// that encode() did not write: cut off, of an unknown type or currency, with a negative amount.
Result<StoredEventView> decode_view(std::string_view bytes);

// The same with the bytes copied.
Result<StoredWalletEvent> decode(std::string_view bytes);

}  // namespace ducat::wallet
