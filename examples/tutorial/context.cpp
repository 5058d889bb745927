// SPDX-License-Identifier: Apache-2.0
// A value that follows a task and what it starts, and names for people.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

rondo::ContextVar<std::string> request_id("none");

void log(const char* message) {
    std::printf("[%s] %s\n", request_id.get().c_str(), message);  // no argument handed down
}
rondo::Task<> query_database() {
    log("query");
    co_await rondo::sleep(1s);
    log("rows");
}
rondo::Task<> render_page() {
    co_await rondo::sleep(2s);
    log("page rendered");
}
rondo::Task<> handle_request(std::string id) {
    rondo::set_task_name("request " + id);
    request_id.set(id);
    co_await rondo::gather(query_database(), render_page());  // both inherit it
}
rondo::Task<> show_tasks() {
    co_await rondo::sleep(500ms);
    for (const rondo::TaskInfo& task : rondo::all_tasks()) {
        std::printf("  %-10s %s\n", task.name.c_str(), task.standing.c_str());
    }
}
rondo::Task<> async_main() {
    rondo::set_task_name("main");
    co_await rondo::gather(handle_request("A"), handle_request("B"), show_tasks());
    log("done");  // what the children set does not reach their parent
}
int main() { rondo::run(async_main()); }
