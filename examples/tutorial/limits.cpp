// SPDX-License-Identifier: Apache-2.0
// Many calls, at most three at a time.
#include <algorithm>
#include <cstdio>
#include <rondo/rondo.hpp>
#include <vector>
using namespace std::chrono_literals;

int running = 0;
int most = 0;

rondo::Task<int> fetch_size(int page) {
    ++running;
    most = std::max(most, running);
    co_await rondo::sleep(1s);
    --running;
    co_return page * 100;
}
rondo::Task<> with_amap() {
    const std::vector<int> pages = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    std::vector<int> sizes = co_await rondo::amap(rondo::limit(3), pages, fetch_size);
    std::printf("amap: %zu sizes, the last is %d\n", sizes.size(), sizes.back());
}
rondo::Task<> with_gather() {
    std::vector<rondo::Task<int>> tasks;
    for (int page = 1; page <= 10; ++page) {
        tasks.push_back(fetch_size(page));
    }
    std::vector<int> sizes = co_await rondo::gather(rondo::limit(3), std::move(tasks));
    std::printf("gather: %zu sizes, the last is %d\n", sizes.size(), sizes.back());
}
rondo::Task<> async_main() {
    const rondo::TimePoint start = rondo::now();
    co_await with_amap();
    co_await with_gather();
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("20 calls of 1 s, at most %d at once: %.0f s\n", most, taken.count());
}
int main() { rondo::run(async_main()); }
