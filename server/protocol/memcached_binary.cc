#include "server/protocol/memcached_binary.h"

namespace tarn::memcached {

void write_error_packet(OutputBuffer& out, const BinaryHeader& request, BinaryStatus status,
                        std::string_view text) {
  const BinaryHeader header{.magic = kResponseMagic,
                            .opcode = request.opcode,
                            .status = static_cast<std::uint16_t>(status),
                            .body_bytes = static_cast<std::uint32_t>(text.size()),
                            .opaque = request.opaque};
  out.commit(header.write(out.reserve(kBinaryHeaderBytes)));
  out.append(text);
}

}  // namespace tarn::memcached
