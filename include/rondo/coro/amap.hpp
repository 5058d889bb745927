// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ranges>
#include <utility>

#include "rondo/coro/gather.hpp"

namespace rondo {
namespace detail {

/// One element and the function it is given to.
template <class F, class Element>
class MapCall {
public:
    MapCall(F& function, Element element)
        : function_(&function), element_(std::forward<Element>(element)) {}
    decltype(auto) operator()() && { return (*function_)(std::forward<Element>(element_)); }

private:
    F* function_;
    Element element_;
};

/// Owns the function beside the gather that calls it.
template <class F, class Range>
auto amap_task(F function, Range range, std::size_t at_once)
    -> Task<decltype(gather_range<FailFast>(
                         std::declval<std::vector<MapCall<F, ElementOf<Range>>>>(), at_once)
                         .await_resume())> {
    std::vector<MapCall<F, ElementOf<Range>>> calls;
    for (auto&& element : range) {
        calls.emplace_back(function, static_cast<ElementOf<Range>>(element));
    }
    auto all = gather_range<FailFast>(std::move(calls), at_once);
    co_return co_await all;
}

}  // namespace detail

/// Calls `function(element)` for every element, at most `most.count` at a time, and gives the
/// results in order: gather(limit(n), …) over a mapped range. `function` returns a task, another
/// awaitable, or a plain value; a call is made when its turn comes.
///
///     auto pages = co_await amap(limit(8), urls, fetch);
///
/// Lifetime: elements of an lvalue range are passed by reference, those of an rvalue range are
/// moved. Errors: as gather.
template <std::ranges::input_range Range, class F>
auto amap(Limit most, Range&& range, F function) {
    return detail::amap_task<F, Range>(std::move(function), std::forward<Range>(range),
                                       most.count());
}

}  // namespace rondo
