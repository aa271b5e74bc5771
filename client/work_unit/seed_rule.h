// Where a work unit's seeds come from (docs/WORK_UNITS.md, "Seeds").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace axiom {

/// The first 8 hex digits of MD5(name) as an integer, modulo 2^31.
std::uint64_t seed_from_name(std::string_view name);

/// The first 8 bytes, big-endian, of SHA-256(host identifier + "\n" + name).
std::uint64_t seed_from_host(std::string_view host_identifier, std::string_view name);

/// `count` seeds of one work unit: the seed itself, then mixed ones.
std::vector<std::uint64_t> resolved_seeds(std::uint64_t seed, std::uint32_t count);

}  // namespace axiom
