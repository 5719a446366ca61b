// zlib and brotli behind one function.
#include "platform/http/compression.h"

#include <brotli/encode.h>
#include <zlib.h>

#include "platform/http/text.h"

namespace ducat::http {
namespace {

constexpr int kGzipLevel = 1;
constexpr int kBrotliQuality = 3;
constexpr int kBrotliWindowBits = 18;

// The q-value in thousandths; 1000 without one, 0 for one that is malformed (then the coding is not used).
int quality(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = next_part(parameters, ';');
    if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    std::string_view number = parameter.substr(2);
    if (number.empty() || (number[0] != '0' && number[0] != '1')) return 0;
    int value = (number[0] - '0') * 1000;
    if (number.size() > 5 || (number.size() > 1 && number[1] != '.')) return 0;
    int unit = 100;
    for (size_t i = 2; i < number.size(); ++i, unit /= 10) {
      if (number[i] < '0' || number[i] > '9') return 0;
      value += (number[i] - '0') * unit;
    }
    return value > 1000 ? 0 : value;
  }
  return 1000;
}

// deflate's state is 256 KiB: one for each thread, reused.
class GzipStream {
 public:
  GzipStream() {
    constexpr int kGzipFormat = 15 + 16;  // window bits, plus zlib's flag for a gzip header
    ready_ = deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipStream() {
    if (ready_) deflateEnd(&stream_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  bool compress(std::string_view body, std::string& out) {
    constexpr size_t kMaxInput = 1 << 30;  // zlib counts in 32 bits
    if (!ready_ || body.size() > kMaxInput || deflateReset(&stream_) != Z_OK) return false;
    size_t before = out.size();
    out.resize(before + deflateBound(&stream_, body.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream_.avail_in = static_cast<uInt>(body.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = static_cast<uInt>(out.size() - before);
    bool done = deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    out.resize(done ? out.size() - stream_.avail_out : before);
    return done;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

bool brotli(std::string_view body, std::string& out) {
  size_t before = out.size();
  size_t size = BrotliEncoderMaxCompressedSize(body.size());
  if (size == 0) return false;
  out.resize(before + size);
  bool done = BrotliEncoderCompress(kBrotliQuality, kBrotliWindowBits, BROTLI_MODE_TEXT, body.size(),
                                    reinterpret_cast<const uint8_t*>(body.data()), &size,
                                    reinterpret_cast<uint8_t*>(out.data() + before)) == BROTLI_TRUE;
  out.resize(done ? before + size : before);
  return done;
}

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return "gzip";
    case Encoding::kBrotli:
      return "br";
    case Encoding::kIdentity:
      break;
  }
  return {};
}

Encoding choose_encoding(std::string_view accept_encoding) {
  int gzip_q = -1, brotli_q = -1, any_q = 0;
  while (!accept_encoding.empty()) {
    std::string_view item = next_part(accept_encoding, ',');
    std::string_view name = next_part(item, ';');
    if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) gzip_q = quality(item);
    if (equals_ignoring_case(name, "br")) brotli_q = quality(item);
    if (name == "*") any_q = quality(item);
  }
  if (gzip_q < 0) gzip_q = any_q;
  if (brotli_q < 0) brotli_q = any_q;
  if (brotli_q > 0 && brotli_q >= gzip_q) return Encoding::kBrotli;
  return gzip_q > 0 ? Encoding::kGzip : Encoding::kIdentity;
}

bool is_compressible(std::string_view content_type) {
  std::string_view type = next_part(content_type, ';');
  if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml")) return true;
  return type == "application/json" || type == "application/javascript" || type == "application/xml" ||
         type == "application/yaml" || type == "application/wasm";
}

bool compress(Encoding encoding, std::string_view body, std::string& out) {
  size_t before = out.size();
  bool done = false;
  if (encoding == Encoding::kBrotli) done = brotli(body, out);
  if (encoding == Encoding::kGzip) {
    thread_local GzipStream stream;
    done = stream.compress(body, out);
  }
  if (done && out.size() - before < body.size()) return true;
  out.resize(before);
  return false;
}

}  // namespace ducat::http
