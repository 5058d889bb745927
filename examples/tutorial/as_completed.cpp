// SPDX-License-Identifier: Apache-2.0
// Results in the order in which they arrive, and no more of them than are needed.
#include <cstdio>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>
using namespace std::chrono_literals;

rondo::Task<std::string> ask_mirror(std::string name, std::chrono::seconds wait) {
    co_await rondo::sleep(wait);
    co_return name;
}
rondo::Task<> async_main() {
    std::vector<rondo::Task<std::string>> mirrors;
    mirrors.push_back(ask_mirror("Aarhus", 4s));
    mirrors.push_back(ask_mirror("Berlin", 1s));
    mirrors.push_back(ask_mirror("Cadiz", 9s));
    mirrors.push_back(ask_mirror("Dakar", 2s));

    const rondo::TimePoint start = rondo::now();
    auto take_three = [&](rondo::Completed<std::string>& answers) -> rondo::Task<> {
        for (int count = 1; count <= 3; ++count) {
            std::optional<std::string> name = co_await answers.next();
            std::printf("%d. %s\n", count, name->c_str());
        }
    };
    co_await rondo::as_completed(std::move(mirrors), take_three);
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("done after %.0f s; Cadiz was cancelled\n", taken.count());
}
int main() { rondo::run(async_main()); }
