#include <algorithm>

#include "checkpoint/checkpoint.h"
#include "checkpoint/format.h"
#include "client/system/digest.h"
#include "client/system/text.h"

namespace axiom {
namespace {

namespace format = checkpoint_format;

/// Takes fixed-width little-endian numbers from bytes whose checksum is right already; still, no
/// size is believed before it is compared with what is left.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  std::string_view raw(std::size_t length) {
    if (length > bytes_.size()) throw CheckpointError("too short: a field runs over the end");
    const std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return taken;
  }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  float f32() {
    const std::uint32_t bits = u32();
    if (format::is_nan(bits) && bits != format::canonical_nan32) {
      throw CheckpointError("a parameter is a NaN that is not the canonical one");
    }
    return std::bit_cast<float>(bits);
  }
  double f64() {
    const std::uint64_t bits = u64();
    if (format::is_nan(bits) && bits != format::canonical_nan64) {
      throw CheckpointError("a value is a NaN that is not the canonical one");
    }
    return std::bit_cast<double>(bits);
  }
  /// `count` entries of at least `entry_bytes` each must fit into what is left.
  std::size_t bounded(std::uint32_t count, std::size_t entry_bytes, const char* what) const {
    if (count > left() / entry_bytes) {
      throw CheckpointError("size field out of range: " + std::to_string(count) + " " + what +
                            " cannot lie in " + std::to_string(left()) + " bytes");
    }
    return count;
  }

 private:
  template <typename Number>
  Number number() {
    const std::string_view taken = raw(sizeof(Number));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
    }
    return static_cast<Number>(value);
  }

  std::string_view bytes_;
};

struct Envelope {
  std::uint32_t version;
  Reader payload;
};

/// Checks the envelope and returns what lies in it.
Envelope open_envelope(std::string_view bytes) {
  const std::string length = std::to_string(bytes.size());
  if (bytes.size() < format::envelope_bytes) {
    throw CheckpointError("too short: " + length + " bytes, the envelope alone takes " +
                          std::to_string(format::envelope_bytes));
  }
  Reader in(bytes.substr(0, bytes.size() - format::digest_bytes));
  if (in.raw(format::magic.size()) != format::magic) {
    throw CheckpointError("bad magic: it does not start with AXIOMCKP");
  }
  const std::uint32_t version = in.u32();
  const std::uint64_t size = in.u64();
  if (size > maximum_checkpoint_bytes) {
    throw CheckpointError("size field out of range: " + std::to_string(size) + " bytes");
  }
  if (size > bytes.size()) {
    throw CheckpointError("too short: " + length + " of " + std::to_string(size) + " bytes");
  }
  if (size < bytes.size()) {
    throw CheckpointError("trailing bytes: " + length + " instead of " + std::to_string(size));
  }
  const auto digest = sha256(bytes.substr(0, bytes.size() - format::digest_bytes));
  const std::string_view stored = bytes.substr(bytes.size() - format::digest_bytes);
  if (!std::equal(digest.begin(), digest.end(), stored.begin(),
                  [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); })) {
    throw CheckpointError("checksum differs: the bytes are not those that were written");
  }
  if (version < 1 || version > checkpoint_format_version) {
    throw CheckpointVersionError("unknown format version " + std::to_string(version) +
                                 "; this program knows versions 1 to " +
                                 std::to_string(checkpoint_format_version));
  }
  return {version, in};
}

RunState read_member(Reader& in) {
  RunState member;
  member.step = in.u64();
  const std::uint8_t diverged = in.u8();
  if (diverged > 1) throw CheckpointError("a network's 'diverged' is neither 0 nor 1");
  member.diverged = diverged == 1;
  member.parameters.resize(in.bounded(in.u32(), 4, "parameters"));
  for (float& parameter : member.parameters) parameter = in.f32();
  return member;
}

GroupState read_group(Reader& in) {
  GroupState group;
  group.measured = in.u32();
  const std::uint32_t values = in.u32();
  const std::uint32_t members = in.u32();
  if (group.measured == 0 ? values != 0 : values % group.measured != 0) {
    throw CheckpointError("a group has " + std::to_string(values) + " values of " +
                          std::to_string(group.measured) + " measurements");
  }
  group.values.resize(in.bounded(values, 8, "values"));
  for (double& value : group.values) value = in.f64();
  group.members.reserve(in.bounded(members, format::member_bytes, "networks"));
  for (std::uint32_t i = 0; i < members; ++i) group.members.push_back(read_member(in));
  return group;
}

std::vector<std::string> read_devices(Reader& in) {
  std::vector<std::string> devices;
  const std::size_t count = in.bounded(in.u32(), format::device_bytes + 1, "devices");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name(in.raw(in.bounded(in.u32(), 1, "bytes of a device's name")));
    if (!format::is_device_name(name)) throw CheckpointError("a device's name is none");
    if (i > 0 && devices.back() >= name) throw CheckpointError("the devices are out of order");
    devices.push_back(name);
  }
  return devices;
}

}  // namespace

Checkpoint decode(std::string_view bytes) {
  auto [version, in] = open_envelope(bytes);
  Checkpoint checkpoint;
  checkpoint.work_digest = hex(in.raw(format::digest_bytes));
  checkpoint.sequence = in.u64();
  checkpoint.resumes = in.u64();
  checkpoint.checkpoints = in.u64();
  checkpoint.seconds = in.f64();
  if (!format::is_duration(std::bit_cast<std::uint64_t>(checkpoint.seconds))) {
    throw CheckpointError("the computing time is not a finite number from 0 upwards");
  }
  checkpoint.seeds.resize(in.bounded(in.u32(), format::seed_bytes, "seeds"));
  for (SeedState& seed : checkpoint.seeds) {
    const std::uint32_t groups = in.u32();
    seed.groups.reserve(in.bounded(groups, format::group_bytes, "groups"));
    for (std::uint32_t i = 0; i < groups; ++i) seed.groups.push_back(read_group(in));
  }
  checkpoint.devices = version == 1 ? std::vector<std::string>{unknown_device} : read_devices(in);
  if (in.left() != 0) {
    throw CheckpointError("trailing bytes: " + std::to_string(in.left()) + " after the last entry");
  }
  return checkpoint;
}

}  // namespace axiom
