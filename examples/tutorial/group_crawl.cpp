// SPDX-License-Identifier: Apache-2.0
// Children that start children: a crawl, where each page may lead to new ones.
#include <cstdio>
#include <map>
#include <rondo/rondo.hpp>
#include <set>
#include <string>
#include <vector>
using namespace std::chrono_literals;

using Links = std::map<std::string, std::vector<std::string>>;

rondo::Task<> visit(std::string page, const Links& links, std::set<std::string>& seen,
                    rondo::TaskGroup& group) {
    co_await rondo::sleep(1s);  // fetching the page
    std::printf("%s\n", page.c_str());
    for (const std::string& next : links.at(page)) {
        if (seen.insert(next).second) {
            group.spawn(visit(next, links, seen, group));
        }
    }
}
rondo::Task<> async_main() {
    Links links;
    links["/"] = {"/news", "/music", "/"};
    links["/news"] = {"/music", "/news/today"};
    links["/music"] = {"/news", "/music/jazz", "/music/rondo"};
    links["/news/today"] = links["/music/jazz"] = links["/music/rondo"] = {"/"};

    std::set<std::string> seen = {"/"};
    const rondo::TimePoint start = rondo::now();
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> rondo::Task<> {
        group.spawn(visit("/", links, seen, group));
        co_return;
    });
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("%zu pages in %.0f s\n", seen.size(), taken.count());
}
int main() { rondo::run(async_main()); }
