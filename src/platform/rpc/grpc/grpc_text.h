// What both sides of gRPC need: names of the metadata, messages as byte buffers, times. Heavy: for .cc files.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpc/support/time.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <string_view>

#include "base/time.h"

namespace ducat::rpc {

inline constexpr const char* kCallKey = "ducat-call-bin";
inline constexpr const char* kAnswerKey = "ducat-answer-bin";
inline constexpr const char* kSignatureKey = "ducat-signature-bin";
inline constexpr const char* kTraceKey = "traceparent";
// Heads and tails of HTTP's own limits fit (16 KiB of headers, 48 KiB of tail).
inline constexpr int kMaxMetadataBytes = 64 << 10;

// Sends gRPC's own log lines through ours, at its lowest level. Call it before anything of gRPC.
void use_our_log();

// "/ducat.wallet.v1.WalletService/Deposit"
inline std::string path_of(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

inline ::grpc::Slice to_slice(const google::protobuf::Message& message) {
  ::grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return slice;
}

inline std::string_view view_of(const ::grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// All of a buffer's bytes in one piece; false only for a buffer that was never filled.
inline bool to_single_slice(const ::grpc::ByteBuffer& buffer, ::grpc::Slice& slice) {
  if (!buffer.Valid()) return false;
  return buffer.TrySingleSlice(&slice).ok() || buffer.DumpToSingleSlice(&slice).ok();
}

inline Duration remaining_until(gpr_timespec deadline) {
  gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC), gpr_now(GPR_CLOCK_MONOTONIC));
  // A deadline that is none is centuries away: a day is as good, and cannot overflow.
  constexpr int64_t kDay = 24 * 3600;
  if (left.tv_sec > kDay) return Duration::seconds(kDay);
  return {left.tv_sec * 1'000'000 + left.tv_nsec / 1000};
}

inline gpr_timespec deadline_in(Duration time) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(time.micros, GPR_TIMESPAN));
}

}  // namespace ducat::rpc
