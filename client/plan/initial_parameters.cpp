#include "client/plan/initial_parameters.h"

#include <cstddef>
#include <cstdint>

#include "client/arithmetic/ops.h"
#include "client/arithmetic/streams.h"

namespace axiom {

void initial_parameters(const TrainingRun& run, std::vector<float>& parameters) {
  const NetworkShape& shape = run.shape;
  parameters.assign(shape.parameters(), 0.0f);
  for (int layer = 0; layer < shape.layers(); ++layer) {
    float* weights = parameters.data() + shape.weight_offset(layer);
    const std::size_t count = shape.weights(layer);
    arithmetic::fill_normal({run.seed, run.trial, run.network, arithmetic::Purpose::initial_weights,
                             static_cast<std::uint32_t>(layer)},
                            weights, count);
    const float fan_in = arithmetic::to_float(shape.fan_in(layer));
    const float scale = arithmetic::sqrt(arithmetic::div(2.0f, fan_in));
    for (std::size_t i = 0; i < count; ++i) weights[i] = arithmetic::mul(weights[i], scale);
  }
}

}  // namespace axiom
