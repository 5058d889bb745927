// SPDX-License-Identifier: Apache-2.0
/// How a file is opened.
#pragma once

#include <cstdint>

namespace rondo::os {

/// What File::open does with the path. Descriptors are always close-on-exec.
struct OpenOptions {
    bool read = true;
    bool write = false;
    bool append = false;        ///< every write goes to the end of the file, wherever that is then
    bool create = false;        ///< makes the file if there is none
    bool exclusive = false;     ///< with create: fails if there is one (Errc::exists)
    bool truncate = false;      ///< cuts the file to nothing
    bool direct = false;        ///< past the page cache; buffers, offsets and sizes must be aligned
    std::uint32_t mode = 0666;  ///< permissions of a file that is made, less the umask

    constexpr OpenOptions() noexcept {}

    /// Python's "rb".
    static constexpr OpenOptions for_reading() noexcept { return {}; }
    /// Python's "wb": made if there is none, emptied if there is one.
    static constexpr OpenOptions for_writing() noexcept {
        OpenOptions options;
        options.read = false;
        options.write = options.create = options.truncate = true;
        return options;
    }
    /// Python's "ab".
    static constexpr OpenOptions for_appending() noexcept {
        OpenOptions options;
        options.read = false;
        options.write = options.create = options.append = true;
        return options;
    }
    /// Python's "r+b": an existing file, to be read and written.
    static constexpr OpenOptions for_update() noexcept {
        OpenOptions options;
        options.write = true;
        return options;
    }
    /// Python's "x+b": a new file, to be read and written.
    static constexpr OpenOptions for_a_new_file() noexcept {
        OpenOptions options;
        options.write = options.create = options.exclusive = true;
        return options;
    }
};

}  // namespace rondo::os
