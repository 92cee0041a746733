#include "server/protocol/resp_writer.h"

namespace tarn::resp {

void write_simple(OutputBuffer& out, std::string_view text) {
  out.append("+");
  out.append(text);
  out.append("\r\n");
}

void write_double(OutputBuffer& out, double value, int protocol) {
  char digits[kMaxDoubleChars];
  write_double_digits(out, {digits, format_double(digits, value)}, protocol);
}

void write_double_digits(OutputBuffer& out, std::string_view digits, int protocol) {
  if (protocol < 3) return write_bulk(out, digits);
  out.append(",");
  out.append(digits);
  out.append("\r\n");
}

void write_big_number(OutputBuffer& out, std::string_view digits, int protocol) {
  if (protocol < 3) return write_bulk(out, digits);
  out.append("(");
  out.append(digits);
  out.append("\r\n");
}

void write_verbatim(OutputBuffer& out, std::string_view format, std::string_view text,
                    int protocol) {
  if (protocol < 3) return write_bulk(out, text);
  write_header(out, '=', format.size() + 1 + text.size());
  out.append(format);
  out.append(":");
  out.append(text);
  out.append("\r\n");
}

}  // namespace tarn::resp
