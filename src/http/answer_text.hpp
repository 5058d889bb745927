// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "rondo/http/server.hpp"

namespace rondo::http::detail {

/// "Not Found" for 404; empty for a number without a name.
std::string_view reason_phrase(int status) noexcept;

/// How an answer is framed.
struct Framing {
    bool to_head = false;  ///< the request was HEAD: the same fields, no body
    bool keep_alive = true;
    bool is_http_1_0 = false;  ///< a client that closes unless it is told not to
};

/// The answer as it goes over the network. Throws Error (invalid) when it has no legal form: a
/// status that is none, a field with characters that it must not have.
std::string answer_text(const ServerResponse& response, Framing framing);

}  // namespace rondo::http::detail
