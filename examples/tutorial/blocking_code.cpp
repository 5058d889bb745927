// SPDX-License-Identifier: Apache-2.0
// A function that blocks goes to a thread, and the loop goes on.
#include <cstdio>
#include <numeric>
#include <rondo/rondo.hpp>
#include <stdexcept>
#include <string>
#include <vector>

int sum_of(const std::vector<int>& numbers) {  // stands for anything that takes long
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}
std::string read_setting(const std::string& name) {
    if (name != "colour") {
        throw std::runtime_error("no setting " + name);
    }
    return "blue";
}
rondo::Task<> async_main() {
    const std::vector<int> numbers = {1, 2, 3, 4, 5};
    auto [sum, colour] = co_await rondo::gather(rondo::to_thread(sum_of, numbers),
                                                rondo::to_thread(read_setting, "colour"));
    std::printf("%d, %s\n", sum, colour.c_str());

    // By reference, without a copy: the await lasts as long as the call does.
    const int again = co_await rondo::to_thread([&] { return sum_of(numbers); });
    std::printf("%d\n", again);

    try {
        co_await rondo::to_thread(read_setting, "size");
    } catch (const std::runtime_error& error) {
        std::printf("%s\n", error.what());
    }
}
int main() { rondo::run(async_main()); }
