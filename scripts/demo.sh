#!/bin/sh
# Installs what is needed, builds axiom-client and runs all six experiments in a small but real form.
# Usage: demo.sh [SEED]
set -eu
cd "$(dirname "$0")/.."
seed=${1:-42}
sh scripts/install-packages.sh build
cmake -S . -B build -G Ninja -DAXIOM_TESTS=OFF >/dev/null
cmake --build build
for experiment in compgen featrank neuronspec featcompv2 repalignv2 microscalev2; do
  ./build/axiom-client --standalone --experiment "$experiment" --preset small --seed "$seed" --priority normal
done
echo "results: $(pwd)/axiom-results"
