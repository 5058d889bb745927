// SPDX-License-Identifier: Apache-2.0
/// Names of files: moved, removed, linked; and directories.
///
/// Paths are copied at the call. One with a NUL inside is Errc::invalid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/coro/task.hpp"
#include "rondo/os/file_status.hpp"

namespace rondo::os {

/// Gives a file another name on the same file system, in one step; what had that name is gone.
Task<> rename(std::string_view from, std::string_view to);

/// The same if nothing has that name. Errors: Error (exists) else.
Task<> rename_to_free_name(std::string_view from, std::string_view to);

/// Removes a file, a link itself, or an empty directory; false when there was none.
///
/// Errors: Error (exists) for a directory that is not empty.
Task<bool> remove(std::string_view path);

/// Removes a file, or a directory with all that is in it, and gives the number of names removed.
/// Links are not followed, also when somebody exchanges a directory for one meanwhile.
///
/// Cancellation: a part is removed.
Task<std::uint64_t> remove_all(std::string_view path);

/// Makes a symbolic link at `path` that says `target`.
Task<> make_link(std::string_view target, std::string_view path);
/// What the symbolic link says.
Task<std::string> read_link(std::string_view path);

/// Errors: Error (exists), Error (not_found) when what should hold it is missing.
Task<> make_directory(std::string_view path, std::uint32_t mode = 0777);
/// With all that should hold it; a directory that is there already is no error.
Task<> make_directories(std::string_view path, std::uint32_t mode = 0777);
/// A new directory only for this user, with a drawn name, in `within` ("": TMPDIR, or else /tmp).
/// Gives its path; remove_all() it.
Task<std::string> make_temporary_directory(std::string_view within = {});

/// A name in a directory.
struct DirectoryEntry {
    std::string name;  ///< without the directory's
    FileType type = FileType::unknown;

    DirectoryEntry(std::string entry_name, FileType entry_type)
        : name(std::move(entry_name)), type(entry_type) {}
};

/// The names in a directory, without "." and "..", as the file system has them: in no order.
Task<std::vector<DirectoryEntry>> list_directory(std::string_view path);

}  // namespace rondo::os
