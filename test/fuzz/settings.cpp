// SPDX-License-Identifier: Apache-2.0
// What environment variables say: RONDO_SIM and RONDO_URING_MASK.
#include "driver/uring/mask.hpp"
#include "fuzz/target.hpp"
#include "rondo/sim/options.hpp"

namespace rondo::test {
namespace {

void try_recipe(std::string_view text) {
    if (refuses([&] { sim::from_recipe(text); })) {
        return;
    }
    const sim::Options options = sim::from_recipe(text);
    const std::string recipe = sim::to_recipe(options);
    const sim::Options again = sim::from_recipe(recipe);
    RONDO_ASSERT(sim::to_recipe(again) == recipe, "a recipe that was read is written as one");
    RONDO_ASSERT(again.schedule == options.schedule && again.seed == options.seed &&
                     again.lies() == options.lies(),
                 "the same recipe");
    RONDO_ASSERT(options.pct_depth >= 1 && options.pct_depth <= 100, "a depth");
}

void try_mask(std::string_view text) {
    detail::UringMask mask;
    std::string_view unknown;
    if (detail::read_uring_mask(text, mask, unknown)) {
        const std::uint64_t opcodes = mask.opcodes;
        RONDO_ASSERT(detail::read_uring_mask(text, mask, unknown) && mask.opcodes == opcodes,
                     "what is taken away is away");
        return;
    }
    RONDO_ASSERT(!unknown.empty() && text.find(unknown) != text.npos, "the word that is unknown");
    detail::UringMask untouched;
    RONDO_ASSERT(!detail::read_uring_mask(unknown, untouched, unknown), "is unknown alone too");
}

}  // namespace

void try_input(std::string_view input) {
    try_recipe(input);
    try_mask(input);
}

}  // namespace rondo::test
