// links: axiom_checkpoint
#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "client/system/digest.h"

namespace axiom {
namespace {

constexpr std::size_t size_offset = 12;
constexpr std::size_t version_offset = 8;
constexpr std::size_t seconds_offset = 76;
constexpr std::size_t seeds_offset = 84;
constexpr std::size_t digest_bytes = 32;

const std::string digest_of_example =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The example of docs/CHECKPOINT.md.
Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.work_digest = digest_of_example;
  checkpoint.sequence = 5;
  checkpoint.resumes = 1;
  checkpoint.checkpoints = 4;
  checkpoint.seconds = 2.5;
  checkpoint.seeds.resize(2);
  checkpoint.seeds[0].groups.resize(2);
  GroupState& group = checkpoint.seeds[0].groups[0];
  group.measured = 1;
  group.values = {0.5, std::nan("")};
  group.members.resize(1);
  group.members[0].step = 3;
  group.members[0].parameters = {1.0f, -0.0f};
  checkpoint.devices = {"GPU-7"};
  return checkpoint;
}

/// The same bytes, made by a second, independent program from the description of the format.
const std::string example_hex =
    "4158494f4d434b5002000000ca00000000000000000102030405060708090a0b"
    "0c0d0e0f101112131415161718191a1b1c1d1e1f050000000000000001000000"
    "0000000004000000000000000000000000000440020000000200000001000000"
    "0200000001000000000000000000e03f000000000000f87f0300000000000000"
    "00020000000000803f0000008000000000000000000000000000000000010000"
    "00050000004750552d375ccd0811b8abf9f3d55608551a4548045729a4bfd8c3"
    "d3142a884ee194c175cb";

/// The same state in version 1.
const std::string example_hex_of_version_1 =
    "4158494f4d434b5001000000bd00000000000000000102030405060708090a0b"
    "0c0d0e0f101112131415161718191a1b1c1d1e1f050000000000000001000000"
    "0000000004000000000000000000000000000440020000000200000001000000"
    "0200000001000000000000000000e03f000000000000f87f0300000000000000"
    "00020000000000803f000000800000000000000000000000000000000061530b"
    "96fc3159bf16ffd78b2c538659b081482f6d1ff1560da26ff3f923ca0e";

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string bytes_of(const std::string& hex_text) {
  std::string bytes;
  for (std::size_t i = 0; i < hex_text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex_text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

void put(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

/// Makes size field and checksum right again, as an attacker would.
std::string resealed(std::string bytes) {
  put(bytes, size_offset, bytes.size(), 8);
  bytes.resize(bytes.size() - digest_bytes);
  const auto digest = sha256(bytes);
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return bytes;
}

/// The reason for which decode() refuses; fails the test if it does not.
std::string refusal(std::string_view bytes) {
  try {
    decode(bytes);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  ADD_FAILURE() << "accepted " << bytes.size() << " bytes";
  return "";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

TEST(Checkpoint, BytesAreThoseOfTheDocument) { EXPECT_EQ(hex(encode(example())), example_hex); }

// Which device computed it, version 1 does not say.
TEST(Checkpoint, Version1IsReadAsOfAnyDevice) {
  Checkpoint read = decode(bytes_of(example_hex_of_version_1));
  EXPECT_TRUE(may_be_of(read.devices, "GPU-7"));
  note_device(read, "GPU-7");
  EXPECT_TRUE(may_be_of(decode(encode(read)).devices, "GPU-8"));
  read.devices = {"GPU-7"};
  EXPECT_EQ(hex(encode(read)), example_hex);
}

TEST(Checkpoint, NotesEveryDeviceOnce) {
  Checkpoint checkpoint = example();
  for (const char* device : {"GPU-9", "", "GPU-1", "GPU-7", "GPU-9"}) {
    note_device(checkpoint, device);
  }
  const std::vector<std::string> expected = {"GPU-1", "GPU-7", "GPU-9"};
  EXPECT_EQ(decode(encode(checkpoint)).devices, expected);
  EXPECT_FALSE(may_be_of(expected, "GPU-8"));
  EXPECT_FALSE(may_be_of({}, "GPU-7"));
}

TEST(Checkpoint, NamesThatAreNoDevicesAreRefused) {
  Checkpoint checkpoint = example();
  for (const std::vector<std::string>& devices :
       {std::vector<std::string>{""}, {std::string(65, 'G')}, {"GPU\n"}, {"b", "a"}, {"a", "a"}}) {
    checkpoint.devices = devices;
    EXPECT_THROW(encode(checkpoint), CheckpointError);
  }
  std::string bytes = encode(example());
  const std::size_t device = bytes.size() - digest_bytes - 5;
  bytes[device] = '\n';
  expect_contains(refusal(resealed(bytes)), "a device's name is none");
  checkpoint.devices = {"GPU-7", "GPU-8"};
  bytes = encode(checkpoint);
  bytes[bytes.size() - digest_bytes - 1] = '7';
  expect_contains(refusal(resealed(bytes)), "out of order");
}

TEST(Checkpoint, RoundTripKeepsEveryField) {
  const Checkpoint read = decode(encode(example()));
  EXPECT_EQ(read.work_digest, digest_of_example);
  EXPECT_EQ(read.sequence, 5u);
  EXPECT_EQ(read.resumes, 1u);
  EXPECT_EQ(read.checkpoints, 4u);
  EXPECT_EQ(read.seconds, 2.5);
  ASSERT_EQ(read.seeds.size(), 2u);
  EXPECT_TRUE(read.seeds[1].groups.empty());
  ASSERT_EQ(read.seeds[0].groups.size(), 2u);
  const GroupState& group = read.seeds[0].groups[0];
  EXPECT_EQ(group.measured, 1u);
  ASSERT_EQ(group.values.size(), 2u);
  EXPECT_EQ(group.values[0], 0.5);
  EXPECT_TRUE(std::isnan(group.values[1]));
  ASSERT_EQ(group.members.size(), 1u);
  EXPECT_EQ(group.members[0].step, 3u);
  EXPECT_FALSE(group.members[0].diverged);
  ASSERT_EQ(group.members[0].parameters.size(), 2u);
  EXPECT_EQ(group.members[0].parameters[0], 1.0f);
  EXPECT_TRUE(std::signbit(group.members[0].parameters[1]));
  EXPECT_TRUE(read.seeds[0].groups[1].members.empty());
}

TEST(Checkpoint, RoundTripOfExtremes) {
  Checkpoint checkpoint;
  checkpoint.work_digest = std::string(64, 'f');
  checkpoint.sequence = checkpoint.resumes = std::numeric_limits<std::uint64_t>::max();
  checkpoint.seconds = -0.0;
  EXPECT_EQ(encode(checkpoint), encode(decode(encode(checkpoint))));
  EXPECT_FALSE(std::signbit(decode(encode(checkpoint)).seconds));

  std::mt19937_64 random(1);
  checkpoint.seeds.resize(3);
  GroupState group;
  group.measured = 100;
  for (int i = 0; i < 700; ++i) group.values.push_back(std::bit_cast<double>(random()));
  RunState member;
  member.step = std::numeric_limits<std::uint64_t>::max();
  member.diverged = true;
  for (int i = 0; i < 10000; ++i) {
    member.parameters.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  }
  group.members = {member, RunState{}, member};
  checkpoint.seeds[1].groups = {group, GroupState{}, group};
  const Checkpoint read = decode(encode(checkpoint));
  EXPECT_EQ(encode(read), encode(checkpoint));
  const RunState& read_member = read.seeds[1].groups[2].members[2];
  EXPECT_TRUE(read_member.diverged);
  EXPECT_EQ(read_member.step, member.step);
  for (std::size_t i = 0; i < member.parameters.size(); ++i) {
    if (std::isnan(member.parameters[i])) {
      EXPECT_TRUE(std::isnan(read_member.parameters[i]));
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(read_member.parameters[i]),
                std::bit_cast<std::uint32_t>(member.parameters[i]));
    }
  }
}

TEST(Checkpoint, AllNaNsGiveTheSameBytes) {
  Checkpoint one = example();
  Checkpoint other = example();
  one.seeds[0].groups[0].values[0] = std::bit_cast<double>(0xFFF8000000000000u);
  other.seeds[0].groups[0].values[0] = std::bit_cast<double>(0x7FF0000000000001u);
  one.seeds[0].groups[0].members[0].parameters[0] = std::bit_cast<float>(0xFFC00000u);
  other.seeds[0].groups[0].members[0].parameters[0] = std::bit_cast<float>(0x7FFFFFFFu);
  EXPECT_EQ(hex(encode(one)), hex(encode(other)));
  // Infinity is not a NaN.
  one.seeds[0].groups[0].values[0] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(decode(encode(one)).seeds[0].groups[0].values[0],
            -std::numeric_limits<double>::infinity());
}

TEST(Checkpoint, StatesThatHaveNoBytesAreRefused) {
  Checkpoint checkpoint = example();
  for (const std::string& digest :
       {std::string(), std::string("abc"), std::string(63, '0'), std::string(65, '0'),
        std::string(66, '0'), std::string(64, 'A'), std::string(63, '0') + "g"}) {
    checkpoint.work_digest = digest;
    EXPECT_THROW(encode(checkpoint), CheckpointError) << digest;
  }
  for (const double seconds : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    checkpoint = example();
    checkpoint.seconds = seconds;
    EXPECT_THROW(encode(checkpoint), CheckpointError) << seconds;
  }
  checkpoint = example();
  checkpoint.seeds[0].groups[0].measured = 0;
  EXPECT_THROW(encode(checkpoint), CheckpointError);
  checkpoint.seeds[0].groups[0].measured = 3;
  EXPECT_THROW(encode(checkpoint), CheckpointError);
}

TEST(Fuzz, EveryTruncationIsRefused) {
  const std::string bytes = encode(example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    expect_contains(refusal(bytes.substr(0, length)), "too short");
  }
}

TEST(Fuzz, EveryFlippedBitIsRefused) {
  const std::string bytes = encode(example());
  for (std::size_t i = 0; i < 8 * bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    refusal(damaged);
    // A damaged version field is damage, not another version.
    EXPECT_THROW(
        {
          try {
            decode(damaged);
          } catch (const CheckpointVersionError&) {
            ADD_FAILURE() << "bit " << i;
            throw;
          }
        },
        CheckpointError);
  }
}

TEST(Fuzz, TrailingBytesAreRefused) {
  const std::string bytes = encode(example());
  expect_contains(refusal(bytes + '\0'), "trailing bytes");
  expect_contains(refusal(bytes + bytes), "trailing bytes");
  // Inside of a right envelope, too.
  std::string inside = bytes;
  inside.insert(bytes.size() - digest_bytes, 1, '\0');
  expect_contains(refusal(resealed(inside)), "trailing bytes");
}

TEST(Fuzz, ReasonsAreTold) {
  const std::string bytes = encode(example());
  expect_contains(refusal("{}"), "too short");
  expect_contains(refusal(std::string(500, '\0')), "bad magic");
  std::string damaged = bytes;
  damaged[100] ^= 1;
  expect_contains(refusal(damaged), "checksum differs");
  damaged = bytes;
  put(damaged, size_offset, ~std::uint64_t{0}, 8);
  expect_contains(refusal(damaged), "size field out of range");
}

TEST(Fuzz, AnotherFormatVersionIsToldFromDamage) {
  for (const std::uint64_t version : {0u, 3u, 0xFFFFFFFFu}) {
    std::string bytes = encode(example());
    put(bytes, version_offset, version, 4);
    EXPECT_THROW(decode(resealed(bytes)), CheckpointVersionError);
    expect_contains(refusal(resealed(bytes)), "format version " + std::to_string(version));
  }
}

TEST(Fuzz, AbsurdSizesAllocateNothing) {
  const std::string bytes = encode(example());
  const std::size_t group = seeds_offset + 8;
  const std::size_t parameters = group + 12 + 16 + 9;
  const std::size_t devices = bytes.size() - digest_bytes - 5 - 4 - 4;
  for (const std::size_t offset :
       {seeds_offset, seeds_offset + 4, group + 4, group + 8, parameters, devices, devices + 4}) {
    for (const std::uint64_t count :
         {std::uint64_t{0xFFFFFFFF}, std::uint64_t{0x7FFFFFFF}, std::uint64_t{200}}) {
      std::string absurd = bytes;
      put(absurd, offset, count, 4);
      expect_contains(refusal(resealed(absurd)), "size field out of range");
    }
  }
}

TEST(Fuzz, ValuesOutsideOfTheFormatAreRefused) {
  std::string bytes = encode(example());
  const std::size_t member = seeds_offset + 8 + 12 + 16;
  bytes[member + 8] = 2;
  expect_contains(refusal(resealed(bytes)), "diverged");
  bytes = encode(example());
  put(bytes, member + 13, 0xFFC00000u, 4);
  expect_contains(refusal(resealed(bytes)), "NaN");
  bytes = encode(example());
  put(bytes, seeds_offset + 8 + 12, 0x7FF0000000000001u, 8);
  expect_contains(refusal(resealed(bytes)), "NaN");
  for (const double seconds : {-1.0, -0.0, std::numeric_limits<double>::infinity()}) {
    bytes = encode(example());
    put(bytes, seconds_offset, std::bit_cast<std::uint64_t>(seconds), 8);
    expect_contains(refusal(resealed(bytes)), "computing time");
  }
  bytes = encode(example());
  put(bytes, seeds_offset + 8, 7, 4);
  expect_contains(refusal(resealed(bytes)), "2 values of 7 measurements");
}

// Whatever passes is exactly what encode() writes: there are no two byte strings of one state.
TEST(Fuzz, MutantsWithARightChecksumAreRefusedOrCanonical) {
  const std::string bytes = encode(example());
  std::mt19937_64 random(2);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string mutant = bytes;
    const std::uint64_t changes = 1 + random() % 4;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t at = 20 + random() % (mutant.size() - 20 - digest_bytes);
      switch (random() % 4) {
        case 0:
          mutant[at] = static_cast<char>(random());
          break;
        case 1:
          mutant[at] ^= static_cast<char>(1 << (random() % 8));
          break;
        case 2:
          mutant.erase(at, 1 + random() % 8);
          break;
        default:
          mutant.insert(at, 1 + random() % 8, static_cast<char>(random() % 3));
      }
      if (mutant.size() < 20 + 2 * digest_bytes) mutant = bytes;
    }
    mutant = resealed(mutant);
    try {
      ASSERT_EQ(encode(decode(mutant)), mutant);
      ++accepted;
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Fuzz, RandomBytesAreRefused) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    refusal(bytes);
  }
}

}  // namespace
}  // namespace axiom
