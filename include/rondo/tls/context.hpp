// SPDX-License-Identifier: Apache-2.0
/// What connections have in common: trust, identity, versions. Made once, used by all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/tls/error.hpp"
#include "rondo/tls/trust.hpp"

namespace rondo::tls {

/// There is nothing below TLS 1.2.
enum class Version : std::uint8_t { tls_1_2, tls_1_3 };

/// "TLSv1.2"
const char* to_string(Version version) noexcept;

/// Which algorithms of TLS 1.2 are spoken; TLS 1.3 has good ones only. Keys and signatures below
/// 112 bits of security (RSA below 2048, SHA-1) are refused under both.
enum class Ciphers : std::uint8_t {
    recommended,  ///< ECDHE with AES-GCM or ChaCha20: forward secret and authenticated
    compatible,   ///< ... and DHE, and AES-CBC with SHA-2 for peers that have nothing better
};

namespace detail {
struct ClientState;
struct ServerState;
struct Access;
}  // namespace detail

struct ClientOptions {
    Trust trust = Trust::system();
    std::vector<Identity> identities;  ///< shown when the server asks who we are
    std::vector<std::string> alpn;     ///< "h2", "http/1.1": protocols offered, the best first
    Version min_version = Version::tls_1_2;
    Version max_version = Version::tls_1_3;
    Ciphers ciphers = Ciphers::recommended;
    std::size_t sessions_max = 256;  ///< hosts whose sessions are remembered; 0: never resume
    Duration handshake_timeout = std::chrono::seconds(10);
    /// Reads give 0 where the connection below ends, with or without notice: for protocols that
    /// know themselves where a message ends.
    bool truncation_is_end = false;
    /// Believes any certificate of any host: whoever is on the way can read and change everything.
    /// Contexts made so are reported (see set_report_handler).
    bool insecure_skip_verification = false;

    ClientOptions() {}
};

/// What clients have in common. A copy is the same context, with the same remembered sessions.
/// Thread-safe.
class ClientContext {
public:
    /// The default options. All contexts made so are the same one: it costs nothing.
    ClientContext();
    /// Reads the files that `options` names; blocks while it does.
    ///
    /// Errors: TlsError (invalid) for what is no certificate or no key; Error for files.
    explicit ClientContext(const ClientOptions& options);

    /// Sessions that are remembered for hosts, for observers.
    std::size_t sessions() const;

private:
    friend struct detail::Access;
    std::shared_ptr<detail::ClientState> state_;
};

/// Whether a server asks its clients who they are.
enum class ClientCertificates : std::uint8_t {
    none,
    optional,  ///< a client may have none; what it has must be good
    required,
};

struct ServerOptions;

/// What the connections of a server have in common. A copy is the same context. Thread-safe.
class ServerContext {
public:
    /// Reads the files that `options` names; blocks while it does.
    ///
    /// Errors: TlsError (invalid) for what is no certificate or no key, or for a key that is not
    /// the certificate's; Error for files.
    explicit ServerContext(const ServerOptions& options);

private:
    friend struct detail::Access;
    std::shared_ptr<detail::ServerState> state_;
};

struct ServerOptions {
    std::vector<Identity> identities;  ///< at least one; of one kind of key (RSA, EC) one each
    /// Protocols spoken, the best first. A client that offers some, but none of these, is refused.
    std::vector<std::string> alpn;
    Version min_version = Version::tls_1_2;
    Version max_version = Version::tls_1_3;
    Ciphers ciphers = Ciphers::recommended;
    ClientCertificates client_certificates = ClientCertificates::none;
    Trust client_trust;  ///< who signs clients; needed unless they are not asked
    /// Contexts for names that clients ask for: "a.example", or "*.example" for one label more.
    /// They answer with all of theirs but handshake_timeout and truncation_is_end. Contexts never
    /// share sessions.
    /// The choice is made once: a client that begins again (HelloRetryRequest) with another name
    /// is refused.
    std::vector<std::pair<std::string, ServerContext>> names;
    /// A client that asks for none of `names` is refused; else it is answered with `identities`.
    bool refuse_other_names = false;
    std::size_t tickets = 2;  ///< sessions that a client may resume later, at most 16; 0: none
    Duration handshake_timeout = std::chrono::seconds(10);
    bool truncation_is_end = false;  ///< see ClientOptions

    ServerOptions() {}
    explicit ServerOptions(Identity identity) { identities.push_back(std::move(identity)); }
};

}  // namespace rondo::tls
