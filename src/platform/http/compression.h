// Compression of answers: which coding a client prefers (RFC 9110, section 12.5.3) and how it is made.
#pragma once

#include <string>
#include <string_view>

namespace ducat::http {

enum class Encoding : unsigned char { kIdentity, kGzip, kBrotli };

// "gzip", "br"; empty for identity.
std::string_view encoding_name(Encoding encoding);

// The coding with the highest q that we have; brotli before gzip. Identity if neither is wanted.
Encoding choose_encoding(std::string_view accept_encoding);

// Text, JSON, JavaScript, XML, SVG: images and archives are compressed already.
bool is_compressible(std::string_view content_type);

// Appends the compressed bytes to `out` and answers true, or leaves it and answers false when the library
// fails or nothing is gained. Levels are low on purpose: it runs on an I/O thread (gzip 1: some 100 MB/s,
// brotli 3: 60 MB/s).
bool compress(Encoding encoding, std::string_view body, std::string& out);

}  // namespace ducat::http
