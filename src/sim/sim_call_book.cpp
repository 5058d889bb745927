// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_call_book.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace rondo::detail {

SimCallBook::SimCallBook(const std::vector<sim::FailingCall>& failing, SimWeather& weather)
    : weather_(weather), ordered_(failing) {
    for (std::size_t i = 0; i < sim::calls_count; ++i) {
        draw(static_cast<sim::Call>(i), pages_[i]);
        look_ahead(static_cast<sim::Call>(i), pages_[i]);
    }
}

void SimCallBook::draw(sim::Call call, Page& page) noexcept {
    const std::uint64_t gap = weather_.next_failure(call);
    page.drawn = gap == 0 ? UINT64_MAX : page.made + gap;
}

void SimCallBook::look_ahead(sim::Call call, Page& page) noexcept {
    page.next_failure = page.drawn;
    for (const sim::FailingCall& failing : ordered_) {
        if (failing.call == call && failing.number > page.made) {
            page.next_failure = std::min(page.next_failure, failing.number);
        }
    }
}

int SimCallBook::decide(sim::Call call, Page& page) noexcept {
    int error = 0;
    for (const sim::FailingCall& failing : ordered_) {
        if (failing.call == call && failing.number == page.made) {
            error = failing.error;
        }
    }
    if (page.drawn == page.made) {
        error = error != 0 ? error : weather_.draw_error(call);
        draw(call, page);
    }
    look_ahead(call, page);
    return error;
}

std::uint64_t SimCallBook::total() const noexcept {
    return std::accumulate(std::begin(pages_), std::end(pages_), std::uint64_t{0},
                           [](std::uint64_t sum, const Page& page) { return sum + page.made; });
}

void SimCallBook::fail(sim::Call call, std::uint64_t number, int error) {
    Page& page = pages_[static_cast<std::size_t>(call)];
    ordered_.push_back({call, page.made + number, error});
    look_ahead(call, page);
}

}  // namespace rondo::detail
