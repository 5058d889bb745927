// SPDX-License-Identifier: Apache-2.0
/// std::stable_sort without its temporary buffer, of which clang warns with g++'s library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace rondo::net::detail {

template <class T, class Less>
void sort_stably(std::vector<T>& values, Less less) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (less(values[a], values[b])) {
            return true;
        }
        return !less(values[b], values[a]) && a < b;
    });
    std::vector<T> sorted;
    sorted.reserve(values.size());
    for (const std::size_t at : order) {
        sorted.push_back(std::move(values[at]));
    }
    values = std::move(sorted);
}

}  // namespace rondo::net::detail
