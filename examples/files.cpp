// SPDX-License-Identifier: Apache-2.0
// Files beside everything else: read, written in one step, listed, copied many at a time.
#include <array>
#include <cstdio>
#include <rondo/rondo.hpp>
namespace os = rondo::os;

rondo::Task<> whole_files(std::string folder) {
    co_await os::write_file(folder + "/greeting", "hello\n");
    co_await os::replace_file(folder + "/greeting", "hello, all at once\n");
    const std::string text = co_await os::read_file(folder + "/greeting");
    std::printf("read: %s", text.c_str());
}

rondo::Task<> records(std::string folder) {
    os::File log = co_await os::File::open(folder + "/log", os::OpenOptions::for_appending());
    co_await log.write_all("first\n");
    co_await log.write_all("second\n");
    co_await log.sync();

    os::File reader = co_await os::File::open(folder + "/log");
    std::array<char, 6> record{};
    const std::size_t got = co_await reader.read_at(record, 6);
    std::printf("at 6: %.*s\n", static_cast<int>(got), record.data());
}

rondo::Task<> many(std::string folder) {
    std::vector<rondo::Task<>> copies;
    for (int i = 1; i <= 20; ++i) {
        copies.push_back(os::copy_file(folder + "/log", folder + "/copy" + std::to_string(i)));
    }
    co_await rondo::gather(rondo::limit(8), std::move(copies));
    const std::vector<os::DirectoryEntry> entries = co_await os::list_directory(folder);
    std::printf("%zu names\n", entries.size());
}

rondo::Task<> async_main() {
    const std::string folder = co_await os::make_temporary_directory();
    auto work = [&]() -> rondo::Task<> {
        co_await whole_files(folder);
        co_await records(folder);
        co_await many(folder);
        try {
            co_await os::read_file("/etc/no such file");
        } catch (const rondo::Error& error) {
            std::printf("%s\n", error.what());
        }
    };
    auto clean_up = [&]() -> rondo::Task<> {
        const std::uint64_t removed = co_await os::remove_all(folder);
        std::printf("%d removed\n", static_cast<int>(removed));
    };
    co_await rondo::finally(work, clean_up);
}
int main() { rondo::run(async_main()); }
