// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/paths.hpp"

#include <climits>

#include "os/path_call.hpp"

namespace rondo::os {
namespace {

Task<> rename_path(std::string from, std::string to, bool only_to_free_name) {
    detail::check_path("rename", from);
    detail::check_path("rename", to);
    const int result = co_await detail::path_call(
        OperationKind::rename, from, only_to_free_name ? 1 : 0, detail::offset_of(to.c_str()));
    if (result < 0) {
        throw Error("rename", from + " to " + to, -result);
    }
}

Task<bool> remove_path(std::string path) {
    detail::check_path("remove", path);
    int result = co_await detail::path_call(OperationKind::unlink, path);
    if (result == -EISDIR) {
        result = co_await detail::path_call(OperationKind::unlink, path, 1);
    }
    if (result == -ENOENT) {
        co_return false;
    }
    check_result(result, "remove", path);
    co_return true;
}

Task<> make_link_at(std::string target, std::string path) {
    detail::check_path("make link", target);
    detail::check_path("make link", path);
    const int result = co_await detail::path_call(OperationKind::make_link, target, 0,
                                                  detail::offset_of(path.c_str()));
    check_result(result, "make link", path);
}

Task<std::string> read_link_at(std::string path) {
    detail::check_path("read link", path);
    std::string target(PATH_MAX, '\0');
    const auto size = static_cast<std::uint32_t>(target.size());
    const int result = co_await detail::path_call(OperationKind::read_link, path, size,
                                                  detail::offset_of(target.data()));
    target.resize(static_cast<std::size_t>(check_result(result, "read link", path)));
    co_return target;
}

}  // namespace

Task<> rename(std::string_view from, std::string_view to) {
    return rename_path(std::string(from), std::string(to), false);
}

Task<> rename_to_free_name(std::string_view from, std::string_view to) {
    return rename_path(std::string(from), std::string(to), true);
}

Task<bool> remove(std::string_view path) { return remove_path(std::string(path)); }

Task<> make_link(std::string_view target, std::string_view path) {
    return make_link_at(std::string(target), std::string(path));
}

Task<std::string> read_link(std::string_view path) { return read_link_at(std::string(path)); }

}  // namespace rondo::os
