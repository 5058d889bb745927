// SPDX-License-Identifier: Apache-2.0
// Bad certificates, as badssl.com has them and some more, made here. Each is refused for its own
// reason, or accepted with a reason why; the table is printed. Protocols: badssl_protocol_test.cpp.
#include <cstdio>
#include <optional>

#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

/// What a server shows, and whom the client trusts.
struct Shown {
    Entity leaf;
    std::vector<Entity> chain;
    tls::Trust trust = test_root().trust();

    explicit Shown(Entity own) : leaf(std::move(own)) {}
};

struct Case {
    const char* name;
    const char* expected;  ///< a part of the reason; of accepted ones: why
    bool accepted;
    Shown (*make)();
    const char* host = test_host;
};

Shown leaf_with(void (*change)(CertificateSpec&)) {
    CertificateSpec spec({test_host});
    change(spec);
    return Shown(make_certificate(spec, &test_root()));
}

Shown leaf_for(std::vector<std::string> names) { return Shown(make_leaf(std::move(names))); }

Shown leaf_for_addresses(std::vector<std::string> addresses) {
    CertificateSpec spec;
    spec.ips = std::move(addresses);
    return Shown(make_certificate(spec, &test_root()));
}

CertificateSpec authority(const char* name) {
    CertificateSpec spec;
    spec.common_name = name;
    spec.ca = true;
    spec.key_usage = "critical,keyCertSign,cRLSign";
    return spec;
}

/// A leaf below an authority that is below the root.
Shown below_authority(void (*change)(CertificateSpec&)) {
    CertificateSpec spec = authority("Intermediate");
    change(spec);
    Entity intermediate = make_certificate(spec, &test_root());
    Shown shown(make_certificate(CertificateSpec({test_host}), &intermediate));
    shown.chain.push_back(std::move(intermediate));
    return shown;
}

/// A leaf of a root of its own.
Shown below_root(void (*change)(CertificateSpec&), bool trusted, bool sent) {
    CertificateSpec spec = authority("Other Root");
    change(spec);
    Entity root = make_certificate(spec);
    Shown shown(make_certificate(CertificateSpec({test_host}), &root));
    if (trusted) {
        shown.trust = root.trust();
    }
    if (sent) {
        shown.chain.push_back(std::move(root));
    }
    return shown;
}

/// leaf, second, first, root: the two in between in this order, or the other way round.
Shown two_between(bool reversed, const char* limit = "") {
    CertificateSpec spec = authority("First");
    spec.basic_constraints = limit;
    Entity first = make_certificate(spec, &test_root());
    Entity second = make_certificate(authority("Second"), &first);
    Shown shown(make_certificate(CertificateSpec({test_host}), &second));
    shown.chain.push_back(std::move(reversed ? first : second));
    shown.chain.push_back(std::move(reversed ? second : first));
    return shown;
}

constexpr auto as_it_is = [](CertificateSpec&) {};

const Case time_and_chain[] = {
    {"good", "it is good", true, [] { return leaf_for({test_host}); }},
    {"expired", "certificate has expired", false,
     [] {
         return leaf_with([](CertificateSpec& spec) { spec.to_days = -1, spec.from_days = -9; });
     }},
    {"not yet valid", "certificate is not yet valid", false,
     [] { return leaf_with([](CertificateSpec& spec) { spec.from_days = 2; }); }},
    {"expired intermediate", "certificate has expired (number 1 above it", false,
     [] {
         return below_authority(
             [](CertificateSpec& spec) { spec.to_days = -1, spec.from_days = -9; });
     }},
    {"expired root", "certificate has expired (number 1 above it", false,
     [] {
         return below_root([](CertificateSpec& spec) { spec.to_days = -1, spec.from_days = -9; },
                           true, false);
     }},
    {"self-signed", "self-signed certificate", false,
     [] { return Shown(make_certificate(CertificateSpec({test_host}))); }},
    {"self-signed and trusted by name", "who is named as trusted is trusted", true,
     [] {
         Shown shown(make_certificate(CertificateSpec({test_host})));
         shown.trust = shown.leaf.trust();
         return shown;
     }},
    {"leaf of a root, trusted by name", "who is named as trusted is trusted", true,
     [] {
         Shown shown = leaf_for({test_host});
         shown.trust = shown.leaf.trust();
         return shown;
     }},
    {"untrusted root, sent", "self-signed certificate in certificate chain", false,
     [] { return below_root(as_it_is, false, true); }},
    {"untrusted root, not sent", "unable to get local issuer certificate", false,
     [] { return below_root(as_it_is, false, false); }},
    {"nobody trusted", "unable to get local issuer certificate", false,
     [] {
         Shown shown = leaf_for({test_host});
         shown.trust = tls::Trust();
         return shown;
     }},
    {"root of the same name, other key", "unable to get local issuer certificate", false,
     [] {
         Entity impostor = make_certificate(authority("Test Root"));
         return Shown(make_certificate(CertificateSpec({test_host}), &impostor));
     }},
    {"incomplete chain", "unable to get local issuer certificate", false,
     [] {
         Shown shown = below_authority(as_it_is);
         shown.chain.clear();
         return shown;
     }},
    {"with intermediate", "it is good", true, [] { return below_authority(as_it_is); }},
    {"chain in order", "it is good", true, [] { return two_between(false); }},
    {"chain reversed", "the chain is built anew, in whatever order it came", true,
     [] { return two_between(true); }},
    {"changed after it was signed", "certificate signature failure", false,
     [] {
         Shown shown = leaf_for({test_host});
         ASN1_INTEGER_set(X509_get_serialNumber(shown.leaf.certificate()), 7);
         i2d_re_X509_tbs(shown.leaf.certificate(), nullptr);
         return shown;
     }},
};

const Case authority_cases[] = {
    {"issuer with CA:FALSE", "invalid CA certificate", false,
     [] {
         return below_authority(
             [](CertificateSpec& spec) { spec.basic_constraints = "critical,CA:FALSE"; });
     }},
    {"issuer without basic constraints", "invalid CA certificate", false,
     [] { return below_authority([](CertificateSpec& spec) { spec.basic_constraints = "-"; }); }},
    {"issuer that may not sign", "invalid CA certificate", false,
     [] {
         return below_authority(
             [](CertificateSpec& spec) { spec.key_usage = "critical,digitalSignature"; });
     }},
    {"path length exceeded", "path length constraint exceeded", false,
     [] { return two_between(false, "critical,CA:TRUE,pathlen:0"); }},
    {"intermediate for clients only", "certificate purpose", false,
     [] {
         return below_authority([](CertificateSpec& spec) {
             spec.ca = false;
             spec.basic_constraints = "critical,CA:TRUE";
             spec.extended_key_usage = "clientAuth";
         });
     }},
    {"name constraints permit another", "permitted subtree violation", false,
     [] {
         return below_authority([](CertificateSpec& spec) {
             spec.name_constraints = "critical,permitted;DNS:example.com";
         });
     }},
    {"name constraints exclude it", "excluded subtree violation", false,
     [] {
         return below_authority(
             [](CertificateSpec& spec) { spec.name_constraints = "critical,excluded;DNS:test"; });
     }},
    {"name constraints permit it", "it is good", true,
     [] {
         return below_authority(
             [](CertificateSpec& spec) { spec.name_constraints = "critical,permitted;DNS:test"; });
     }},
    {"for clients only", "certificate purpose", false,
     [] {
         return leaf_with([](CertificateSpec& spec) { spec.extended_key_usage = "clientAuth"; });
     }},
    {"for e-mail only", "certificate purpose", false,
     [] {
         return leaf_with(
             [](CertificateSpec& spec) { spec.extended_key_usage = "emailProtection"; });
     }},
    {"for no purpose in particular", "without the extension every purpose is meant", true,
     [] { return leaf_with([](CertificateSpec& spec) { spec.extended_key_usage = ""; }); }},
    {"key for signing certificates only", "certificate purpose", false,
     [] {
         return leaf_with([](CertificateSpec& spec) { spec.key_usage = "critical,keyCertSign"; });
     }},
    {"a CA as a server", "it is signed for the name; OpenSSL does not mind", true,
     [] { return leaf_with([](CertificateSpec& spec) { spec.ca = true; }); }},
    {"unknown critical extension", "unhandled critical extension", false,
     [] { return leaf_with([](CertificateSpec& spec) { spec.unknown_critical = "?"; }); }},
};

const Case strength_cases[] = {
    {"signed with SHA-1", "CA signature digest algorithm too weak", false,
     [] { return leaf_with([](CertificateSpec& spec) { spec.digest = "sha1"; }); }},
    {"signed with MD5", "CA signature digest algorithm too weak", false,
     [] {
         Entity root = make_certificate([] {
             CertificateSpec spec = authority("RSA Root");
             spec.key = "rsa2048";
             return spec;
         }());
         CertificateSpec spec({test_host});
         spec.digest = "md5";
         Shown shown(make_certificate(spec, &root));
         shown.trust = root.trust();
         return shown;
     }},
    {"intermediate signed with SHA-1", "CA signature digest algorithm too weak", false,
     [] { return below_authority([](CertificateSpec& spec) { spec.digest = "sha1"; }); }},
    {"root signed with SHA-1", "a root's own signature proves nothing and is not looked at", true,
     [] { return below_root([](CertificateSpec& spec) { spec.digest = "sha1"; }, true, false); }},
    {"RSA of 1024 bits", "EE certificate key too weak", false,
     [] { return leaf_with([](CertificateSpec& spec) { spec.key = "rsa1024"; }); }},
    {"RSA of 2048 bits", "it is good", true,
     [] { return leaf_with([](CertificateSpec& spec) { spec.key = "rsa2048"; }); }},
    {"intermediate of 1024 bits", "CA certificate key too weak", false,
     [] { return below_authority([](CertificateSpec& spec) { spec.key = "rsa1024"; }); }},
    {"root of 1024 bits", "CA certificate key too weak", false,
     [] { return below_root([](CertificateSpec& spec) { spec.key = "rsa1024"; }, true, false); }},
    {"10 000 names", "excessive message size", false,
     [] {
         std::vector<std::string> names{test_host};
         for (int i = 0; i < 10'000; ++i) {
             names.push_back("name-number-" + std::to_string(i) + ".test");
         }
         return leaf_for(std::move(names));
     }},
};

const Case name_cases[] = {
    {"wrong host", "hostname mismatch (the certificate is for other.test)", false,
     [] { return leaf_for({"other.test"}); }},
    {"one of several names", "it is good", true,
     [] { return leaf_for({"a.test", test_host, "b.test"}); }},
    {"no name at all", "the certificate is for no name", false,
     [] { return leaf_with([](CertificateSpec& spec) { spec.common_name = "", spec.dns = {}; }); }},
    {"common name only", "a common name does not count", false,
     [] {
         return leaf_with(
             [](CertificateSpec& spec) { spec.common_name = test_host, spec.dns = {}; });
     }},
    {"*.com", "hostname mismatch", false, [] { return leaf_for({"*.com"}); }, "example.com"},
    {"*", "hostname mismatch", false, [] { return leaf_for({"*"}); }, "localhost"},
    {"f*.example.test", "hostname mismatch", false, [] { return leaf_for({"f*.example.test"}); },
     "foo.example.test"},
    {"*o.example.test", "hostname mismatch", false, [] { return leaf_for({"*o.example.test"}); },
     "foo.example.test"},
    {"a.*.test", "hostname mismatch", false, [] { return leaf_for({"a.*.test"}); }, "a.b.test"},
    {"* over two labels", "hostname mismatch", false, [] { return leaf_for({"*.example.test"}); },
     "a.b.example.test"},
    {"* for no label", "hostname mismatch", false, [] { return leaf_for({"*.example.test"}); },
     "example.test"},
    {"* for one label", "it is good", true, [] { return leaf_for({"*.example.test"}); },
     "a.example.test"},
    {"*.co.uk", "no list of public suffixes is used; no authority signs this", true,
     [] { return leaf_for({"*.co.uk"}); }, "example.co.uk"},
    {"upper case and final dot", "names are compared without case and final dot", true,
     [] { return leaf_for({"Server.TEST"}); }, "sErVeR.test."},
    {"A-label of an international name", "it is good", true,
     [] { return leaf_for({"xn--bcher-kva.test"}); }, "xn--bcher-kva.test"},
    {"U-label in the certificate", "hostname mismatch", false,
     [] {
         return leaf_for(
             {"b\xc3\xbc"
              "cher.test"});
     },
     "xn--bcher-kva.test"},
    {"xn--* as wildcard", "hostname mismatch", false,
     [] { return leaf_for({"xn--*.example.test"}); }, "xn--bcher-kva.example.test"},
    {"NUL in a name", "hostname mismatch", false,
     [] { return leaf_for({std::string("server.test\0.evil.test", 22)}); }},
    {"NUL in the common name", "hostname mismatch", false,
     [] {
         return leaf_with([](CertificateSpec& spec) {
             spec.common_name = std::string("server.test\0.evil.test", 22);
             spec.dns = {"evil.test"};
         });
     }},
    {"address", "it is good", true, [] { return leaf_for_addresses({"10.1.2.3"}); }, "10.1.2.3"},
    {"address of version 6", "it is good", true, [] { return leaf_for_addresses({"2001:db8::1"}); },
     "[2001:DB8:0::1]"},
    {"wrong address", "IP address mismatch (the certificate is for 10.1.2.4)", false,
     [] { return leaf_for_addresses({"10.1.2.4"}); }, "10.1.2.3"},
    {"address as a name", "IP address mismatch", false, [] { return leaf_for({"10.1.2.3"}); },
     "10.1.2.3"},
    {"address as common name", "IP address mismatch", false,
     [] {
         return leaf_with(
             [](CertificateSpec& spec) { spec.common_name = "10.1.2.3", spec.dns = {}; });
     },
     "10.1.2.3"},
    {"* in an address", "IP address mismatch", false, [] { return leaf_for({"*.1.2.3"}); },
     "10.1.2.3"},
};

class BadsslTest : public TlsSimTest {
protected:
    static Task<> serve(io::Stream under, const Shown& shown) {
        const tls::detail::SslContext context = weak_context(true, TLS1_2_VERSION, TLS1_3_VERSION);
        std::vector<const Entity*> more;
        for (const Entity& one : shown.chain) {
            more.push_back(&one);
        }
        use(context.get(), shown.leaf, more);
        RawPeer peer(std::move(under), context.get(), true);
        co_await message_of(peer.handshake());
    }

    void run_case(const Case& one) {
        const Shown shown = one.make();
        Shaken result;
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            ClientOptions options;
            options.trust = shown.trust;
            auto [shaken_hands, served] = co_await gather(
                shaken(tls::connect(std::move(pair.client), one.host, ClientContext(options))),
                serve(std::move(pair.server), shown));
            result = std::move(shaken_hands);
            result.stream.close();
        });
        std::printf("| %-36s | %-8s | %s\n", one.name, one.accepted ? "accepted" : "refused",
                    one.accepted ? one.expected : result.why.c_str());
        if (one.accepted) {
            EXPECT_EQ(result.why, "") << one.name;
        } else {
            EXPECT_NE(result.why.find(one.expected), std::string::npos)
                << one.name << ": " << result.why;
        }
    }

    template <std::size_t N>
    void run_cases(const Case (&cases)[N]) {
        for (const Case& one : cases) {
            run_case(one);
        }
    }
};

TEST_F(BadsslTest, times_and_chains) { run_cases(time_and_chain); }
TEST_F(BadsslTest, authorities_and_purposes) { run_cases(authority_cases); }
TEST_F(BadsslTest, strength) { run_cases(strength_cases); }
TEST_F(BadsslTest, names) { run_cases(name_cases); }

TEST_F(BadsslTest, all_of_it_is_believed_under_the_option_that_says_insecure) {
    Reports reports;
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        ClientOptions options;
        options.insecure_skip_verification = true;
        const Shown shown(make_certificate(CertificateSpec({"other.test"})));
        auto [result, served] = co_await gather(
            shaken(tls::connect(std::move(pair.client), test_host, ClientContext(options))),
            serve(std::move(pair.server), shown));
        EXPECT_EQ(result.why, "");
    });
    EXPECT_THAT(Reports::take(), testing::ElementsAre(testing::HasSubstr("insecure")));
}

TEST_F(BadsslTest, the_systems_trust_is_the_default_and_does_not_know_us) {
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        const Shown shown = leaf_for({test_host});
        auto [result, served] =
            co_await gather(shaken(tls::connect(std::move(pair.client), test_host)),
                            serve(std::move(pair.server), shown));
        EXPECT_NE(result.why.find("unable to get local issuer certificate"), std::string::npos);
        EXPECT_EQ(result.verify_code, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    });
}

TEST_F(BadsslTest, a_server_judges_clients_by_the_same_rules) {
    ServerOptions server = server_options();
    server.client_certificates = tls::ClientCertificates::required;
    server.client_trust = test_root().trust();
    const auto verdict = [&](void (*change)(CertificateSpec&), const Entity* issuer) {
        CertificateSpec spec({"me"});
        change(spec);
        const Entity me = make_certificate(spec, issuer);
        std::string why;
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            auto ask = [&]() -> Task<> {
                const tls::detail::SslContext context =
                    weak_context(false, TLS1_2_VERSION, TLS1_3_VERSION);
                use(context.get(), me);
                RawPeer peer(std::move(pair.client), context.get(), false);
                co_await message_of(peer.handshake());
            };
            auto [asked, served] = co_await gather(
                ask, shaken(tls::accept(std::move(pair.server), ServerContext(server))));
            why = served.why;
        });
        std::printf("| client: %s\n", why.c_str());
        return why;
    };
    using testing::HasSubstr;
    EXPECT_EQ(verdict(as_it_is, &test_root()), "");
    EXPECT_THAT(verdict([](CertificateSpec& spec) { spec.from_days = -9, spec.to_days = -1; },
                        &test_root()),
                HasSubstr("certificate has expired"));
    EXPECT_THAT(verdict([](CertificateSpec& spec) { spec.extended_key_usage = "serverAuth"; },
                        &test_root()),
                HasSubstr("certificate purpose"));
    EXPECT_THAT(verdict(as_it_is, nullptr), HasSubstr("self-signed certificate"));
    EXPECT_THAT(verdict([](CertificateSpec& spec) { spec.key = "rsa1024"; }, &test_root()),
                HasSubstr("EE certificate key too weak"));
}

}  // namespace
}  // namespace rondo::test
