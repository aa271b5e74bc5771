#include "client/work_unit/seed_rule.h"

#include <charconv>
#include <string>

#include "client/arithmetic/streams.h"
#include "client/system/digest.h"

namespace axiom {

std::uint64_t seed_from_name(std::string_view name) {
  const std::string digest = md5_hex(name);
  std::uint32_t head = 0;
  std::from_chars(digest.data(), digest.data() + 8, head, 16);
  return head % (std::uint32_t{1} << 31);
}

std::uint64_t seed_from_host(std::string_view host_identifier, std::string_view name) {
  const auto digest = sha256(std::string(host_identifier) + "\n" + std::string(name));
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed = seed << 8 | digest[i];
  return seed;
}

std::vector<std::uint64_t> resolved_seeds(std::uint64_t seed, std::uint32_t count) {
  std::vector<std::uint64_t> seeds;
  seeds.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) seeds.push_back(arithmetic::mixed_seed(seed, i));
  return seeds;
}

}  // namespace axiom
