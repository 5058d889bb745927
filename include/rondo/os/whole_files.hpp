// SPDX-License-Identifier: Apache-2.0
/// Files as a whole: read, written, replaced, copied.
#pragma once

#include <string>
#include <string_view>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"

namespace rondo::os {

/// What is in the file.
Task<std::string> read_file(std::string_view path);

/// Makes the file, or empties it, and writes `bytes`.
///
/// Cancellation: a stopped or failed call may leave a part of them; see replace_file.
Task<> write_file(std::string_view path, Bytes bytes);

/// Gives `path` the content `bytes` in one step: whoever reads it finds the old content or the new
/// one, whole, also after the system broke down. The bytes go to a new file in the same directory,
/// which must be writable, and reach the medium before it takes the name. Permissions are those of
/// the old file, without set-user-id and its like; its owner and further names (links) are not
/// kept, and a symbolic link is replaced.
///
/// Cancellation: a stopped or failed call left the old content or the new one; the new file beside
/// it is removed.
Task<> replace_file(std::string_view path, Bytes bytes);

/// Copies content and permissions (whatever the umask, without set-user-id and its like); what `to`
/// was is overwritten. The system copies by itself where it can, and on some file systems shares
/// the blocks.
///
/// Cancellation: a stopped or failed copy leaves a part in `to`.
/// Errors: Error (invalid) when both paths lead to the same file; Error, with nothing written, when
/// `to` may be written but its permissions not be changed.
Task<> copy_file(std::string_view from, std::string_view to);

}  // namespace rondo::os
