// SPDX-License-Identifier: Apache-2.0
// What gather gives back: a tuple for a fixed number of things, a vector for a range.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>
using namespace std::chrono_literals;

rondo::Task<std::string> find_venue() {
    co_await rondo::sleep(2s);
    co_return "the Blue Note";
}
rondo::Task<int> count_songs() {
    co_await rondo::sleep(1s);
    co_return 12;
}
rondo::Task<> warm_cache() { co_await rondo::sleep(1s); }
int count_friends() { return 42; }

rondo::Task<int> square(int number) {
    co_await rondo::sleep(std::chrono::seconds(10 - number));  // the largest ends first
    co_return number* number;
}
rondo::Task<> a_tuple() {
    auto [venue, songs, warm, friends] =
        co_await rondo::gather(find_venue(), count_songs(), warm_cache(), count_friends);
    static_assert(std::is_same_v<decltype(warm), std::monostate>);  // what void becomes
    std::printf("%s, %d songs, %d friends\n", venue.c_str(), songs, friends);
}
rondo::Task<> a_vector() {
    std::vector<rondo::Task<int>> tasks;
    for (int number = 1; number <= 5; ++number) {
        tasks.push_back(square(number));  // nothing runs yet
    }
    std::vector<int> squares = co_await rondo::gather(std::move(tasks));
    std::printf("squares:");
    for (int number : squares) {
        std::printf(" %d", number);
    }
    std::puts("");
}
rondo::Task<int> async_main() {
    co_await a_tuple();
    co_await a_vector();
    co_return 7;
}
int main() {
    const int result = rondo::run(async_main());
    std::printf("run gave %d\n", result);
}
