// SPDX-License-Identifier: Apache-2.0
// What contexts are made of, and what they say when it is of no use.
#include "rondo/tls/context.hpp"

#include <malloc.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tls/state.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class ContextTest : public TlsSimTest {
protected:
    template <class F>
    static std::string why(F&& make) {
        try {
            make();
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }
    static std::string why_of(const tls::Identity& identity) {
        return why([&] { ServerContext{ServerOptions(identity)}; });
    }
    static std::string why_of(const tls::Trust& trust) {
        ClientOptions options;
        options.trust = trust;
        return why([&] { ClientContext{options}; });
    }

    const Entity leaf_ = make_leaf({test_host});
};

using tls::Identity;
using tls::Trust;

TEST_F(ContextTest, credentials_that_are_none) {
    const Entity other = make_leaf({"other.test"});
    const std::string certificate = leaf_.certificate_pem();
    const std::string key = leaf_.key_pem();
    EXPECT_EQ(why_of(Identity::pem(certificate, key)), "");
    EXPECT_EQ(why_of(Identity::pem(key, certificate)),
              "load certificate a PEM text: there is no certificate in it");
    EXPECT_EQ(why_of(Identity::pem(certificate, certificate)),
              "load key a PEM text: there is no private key in it");
    EXPECT_EQ(why_of(Identity::pem(certificate, other.key_pem())),
              "load key a PEM text: key values mismatch");
    EXPECT_EQ(why_of(Identity::files("/nowhere/chain.pem", "/nowhere/key.pem")),
              "load certificate /nowhere/chain.pem: No such file or directory");
    EXPECT_EQ(why_of(Trust::file("/nowhere/root.pem")),
              "trust /nowhere/root.pem: No such file or directory");
    EXPECT_EQ(why_of(Trust::pem("certainly not")),
              "trust a PEM text: there is no certificate in it");
    std::string spoilt = certificate;
    spoilt.replace(60, 6, "??????");
    EXPECT_NE(why_of(Trust::pem(certificate + spoilt)), "");
    EXPECT_EQ(why([] { ServerContext{ServerOptions()}; }),
              "tls context: a server needs an identity");
}

TEST_F(ContextTest, weak_keys_of_ones_own_are_refused_too) {
    CertificateSpec spec({test_host});
    spec.key = "rsa1024";
    const std::string weak = why_of(make_certificate(spec, &test_root()).identity());
    EXPECT_EQ(weak, "load certificate a PEM text: ee key too small");
}

TEST_F(ContextTest, an_encrypted_key_needs_its_password_and_none_is_asked_for) {
    const std::string secret = "a-planted-secret-0451";
    const std::string certificate = leaf_.certificate_pem();
    const std::string key = leaf_.key_pem(secret);
    EXPECT_EQ(why_of(Identity::pem(certificate, key, secret)), "");
    EXPECT_EQ(why_of(Identity::pem(certificate, key)),
              "load key a PEM text: it is encrypted, and there is no password");
    const std::string wrong = why_of(Identity::pem(certificate, key, secret + "-wrong"));
    EXPECT_EQ(wrong, "load key a PEM text: the password does not open it");
    EXPECT_EQ(wrong.find(secret), std::string::npos);
}

TEST_F(ContextTest, options_that_contradict_each_other) {
    ClientOptions client = client_options();
    client.min_version = tls::Version::tls_1_3;
    client.max_version = tls::Version::tls_1_2;
    EXPECT_NE(why([&] { ClientContext{client}; }), "");
    ClientOptions alpn = client_options();
    alpn.alpn = {""};
    EXPECT_NE(why([&] { ClientContext{alpn}; }), "");
    ServerOptions server = server_options();
    server.client_certificates = tls::ClientCertificates::required;
    EXPECT_EQ(why([&] { ServerContext{server}; }),
              "tls context: certificates of clients are asked for, but nobody is trusted");
    ServerOptions generous = server_options();
    generous.tickets = 17;
    EXPECT_EQ(why([&] { ServerContext{generous}; }),
              "tls context: a server has 16 tickets at most");
}

TEST_F(ContextTest, trust_comes_from_files_and_directories_too) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("rondo-trust-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
    std::filesystem::create_directory(folder);
    const std::string file = (folder / "root.pem").string();
    std::ofstream(file) << test_root().certificate_pem();
    // As openssl-rehash names it.
    char name[32];
    std::snprintf(name, sizeof name, "%08lx.0",
                  X509_NAME_hash_ex(X509_get_subject_name(test_root().certificate()), nullptr,
                                    nullptr, nullptr));
    std::filesystem::copy_file(file, folder / name);

    const Entity unrelated = make_certificate(CertificateSpec({"unrelated.test"}));
    for (const Trust& trust :
         {Trust::file(file), Trust::directory(folder.string()),
          Trust::system().add(Trust::pem(test_root().certificate_pem())),
          Trust::pem(unrelated.certificate_pem() + test_root().certificate_pem())}) {
        run_sim([&]() -> Task<> {
            ClientOptions options;
            options.trust = trust;
            MemoryPair pair;
            const TlsPair both =
                co_await secured(std::move(pair.client), std::move(pair.server),
                                 ClientContext(options), ServerContext(server_options()));
            EXPECT_TRUE(both.client.is_open());
        });
    }
    std::filesystem::remove_all(folder);
}

TEST_F(ContextTest, a_server_may_have_a_certificate_for_each_kind_of_key) {
    run_sim([&]() -> Task<> {
        CertificateSpec spec({test_host});
        spec.key = "rsa2048";
        ServerOptions options = server_options();
        options.identities.push_back(make_certificate(spec, &test_root()).identity());
        MemoryPair pair;
        TlsPair both = co_await secured(std::move(pair.client), std::move(pair.server),
                                        ClientContext(client_options()), ServerContext(options));
        EXPECT_TRUE(both.client.peer_certificate().has_value());
    });
}

// What ten thousand connections need is read once: a thousand contexts of the default are one.
TEST_F(ContextTest, the_default_context_is_made_once) {
    const ClientContext first;
    const ClientContext second;
    EXPECT_EQ(first.sessions(), second.sessions());
    EXPECT_EQ(tls::detail::Access::state(first), tls::detail::Access::state(second));
}

TEST_F(ContextTest, an_idle_connection_is_small) {
    run_sim([&]() -> Task<> {
        constexpr std::size_t count = 200;
        const ClientContext client(client_options());
        const ServerContext server(server_options());
        std::vector<TlsPair> pairs;
        const std::size_t before = mallinfo2().uordblks;
        for (std::size_t i = 0; i < count; ++i) {
            MemoryPair memory;
            pairs.push_back(co_await secured(std::move(memory.client), std::move(memory.server),
                                             client, server));
        }
        const std::size_t each = (mallinfo2().uordblks - before) / (2 * count);
        std::printf("an idle connection takes %zu bytes\n", each);
        EXPECT_LT(each, 40'000U);
    });
}

}  // namespace
}  // namespace rondo::test
