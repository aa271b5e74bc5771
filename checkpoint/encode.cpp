#include <limits>

#include "checkpoint/checkpoint.h"
#include "checkpoint/format.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

namespace format = checkpoint_format;

/// Appends fixed-width little-endian numbers.
class Writer {
 public:
  explicit Writer(std::size_t total) { bytes_.reserve(total); }

  void raw(std::string_view bytes) { bytes_.append(bytes); }
  void u8(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void f32(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    u32(format::is_nan(bits) ? format::canonical_nan32 : bits);
  }
  void f64(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    u64(format::is_nan(bits) ? format::canonical_nan64 : bits);
  }
  void count(std::size_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max()) {
      throw CheckpointError("the state has a list of " + std::to_string(value) +
                            " entries, more than a checkpoint can hold");
    }
    u32(static_cast<std::uint32_t>(value));
  }
  std::string& bytes() { return bytes_; }

 private:
  template <typename Number>
  void number(Number value) {
    char buffer[sizeof value];
    for (std::size_t i = 0; i < sizeof value; ++i) buffer[i] = static_cast<char>(value >> (8 * i));
    bytes_.append(buffer, sizeof value);
  }

  std::string bytes_;
};

std::uint64_t encoded_size(const Checkpoint& checkpoint) {
  std::uint64_t size = format::envelope_bytes + format::header_bytes;
  for (const SeedState& seed : checkpoint.seeds) {
    size += format::seed_bytes;
    for (const GroupState& group : seed.groups) {
      size += format::group_bytes + 8 * group.values.size();
      for (const RunState& member : group.members) {
        size += format::member_bytes + 4 * member.parameters.size();
      }
    }
  }
  size += 4;
  for (const std::string& device : checkpoint.devices) size += format::device_bytes + device.size();
  return size;
}

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = digit_value(hex[i]);
    const int low = digit_value(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes += static_cast<char>(16 * high + low);
  }
  if (bytes.size() != format::digest_bytes || hex.size() != 2 * format::digest_bytes) {
    throw CheckpointError("the work digest '" + hex + "' is not 64 lower-case hex digits");
  }
  return bytes;
}

void write_group(Writer& out, const GroupState& group) {
  const std::size_t values = group.values.size();
  if (group.measured == 0 ? values != 0 : values % group.measured != 0) {
    throw CheckpointError("a group has " + std::to_string(values) + " values of " +
                          std::to_string(group.measured) + " measurements");
  }
  out.u32(group.measured);
  out.count(values);
  out.count(group.members.size());
  for (const double value : group.values) out.f64(value);
  for (const RunState& member : group.members) {
    out.u64(member.step);
    out.u8(member.diverged ? 1 : 0);
    out.count(member.parameters.size());
    for (const float parameter : member.parameters) out.f32(parameter);
  }
}

void write_devices(Writer& out, const std::vector<std::string>& devices) {
  out.count(devices.size());
  const std::string* before = nullptr;
  for (const std::string& device : devices) {
    if (!format::is_device_name(device) || (before != nullptr && *before >= device)) {
      throw CheckpointError("'" + device + "' is no device's name, or out of order");
    }
    out.count(device.size());
    out.raw(device);
    before = &device;
  }
}

}  // namespace

std::string encode(const Checkpoint& checkpoint) {
  const std::uint64_t size = encoded_size(checkpoint);
  if (size > maximum_checkpoint_bytes) {
    throw CheckpointError("the state takes " + std::to_string(size) +
                          " bytes, more than a checkpoint may (" +
                          std::to_string(maximum_checkpoint_bytes) + ")");
  }
  const double seconds = checkpoint.seconds == 0 ? 0.0 : checkpoint.seconds;  // no −0
  if (!format::is_duration(std::bit_cast<std::uint64_t>(seconds))) {
    throw CheckpointError("the computing time " + std::to_string(seconds) +
                          " s is not a finite number from 0 upwards");
  }
  Writer out(static_cast<std::size_t>(size));
  out.raw(format::magic);
  out.u32(checkpoint_format_version);
  out.u64(size);
  out.raw(bytes_of_hex(checkpoint.work_digest));
  out.u64(checkpoint.sequence);
  out.u64(checkpoint.resumes);
  out.u64(checkpoint.checkpoints);
  out.f64(seconds);
  out.count(checkpoint.seeds.size());
  for (const SeedState& seed : checkpoint.seeds) {
    out.count(seed.groups.size());
    for (const GroupState& group : seed.groups) write_group(out, group);
  }
  write_devices(out, checkpoint.devices);
  for (const unsigned char byte : sha256(out.bytes())) out.u8(byte);
  return std::move(out.bytes());
}

}  // namespace axiom
