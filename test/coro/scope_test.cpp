// SPDX-License-Identifier: Apache-2.0
// The tree of scopes by itself: no coroutine, no loop.
#include "rondo/coro/scope.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "rondo/coro/run_state.hpp"

namespace rondo::detail {
namespace {

int reached = 0;
int poked = 0;

Scope* count_events(Scope&, ScopeEvent event) {
    reached += event == ScopeEvent::shield_reached ? 1 : 0;
    return nullptr;
}
constexpr ScopeKind counting_kind{&count_events, "counting"};
constexpr LeafKind counting_leaf{[](Leaf&, Scope& scope) noexcept {
                                     ++poked;
                                     local.push_stop(scope);
                                 },
                                 "counting"};

class ScopeTest : public testing::Test {
protected:
    void SetUp() override {
        local.reset();
        reached = poked = 0;
    }
    static void add(Scope& child, Scope& parent) {
        child.kind = &counting_kind;
        child.attach(parent);
    }
    Scope root;
};

TEST_F(ScopeTest, children_are_linked_youngest_first_and_leave_in_any_order) {
    std::array<Scope, 3> children;
    for (Scope& child : children) {
        add(child, root);
    }
    EXPECT_EQ(root.first, &children[2]);
    children[1].detach();
    EXPECT_EQ(children[2].sibling, &children[0]);
    children[2].detach();
    EXPECT_EQ(root.first, &children[0]);
    children[0].detach();
    EXPECT_EQ(root.first, nullptr);
}

TEST_F(ScopeTest, cancel_reaches_every_descendant_once) {
    std::array<Scope, 5> all;
    add(all[0], root);
    add(all[1], all[0]);
    add(all[2], all[1]);
    add(all[3], root);
    add(all[4], all[3]);
    cancel(root, Reason::caller);
    for (const Scope& scope : all) {
        EXPECT_TRUE(scope.has(Scope::cancelled));
        EXPECT_EQ(scope.reason, Reason::caller);
    }
}

TEST_F(ScopeTest, cancel_leaves_parents_and_siblings_alone) {
    std::array<Scope, 3> all;
    add(all[0], root);
    add(all[1], root);
    add(all[2], root);
    cancel(all[1], Reason::caller);
    EXPECT_FALSE(root.has(Scope::cancelled));
    EXPECT_FALSE(all[0].has(Scope::cancelled));
    EXPECT_FALSE(all[2].has(Scope::cancelled));
}

TEST_F(ScopeTest, the_first_reason_stays) {
    cancel(root, Reason::deadline);
    cancel(root, Reason::caller);
    EXPECT_EQ(root.reason, Reason::deadline);
}

TEST_F(ScopeTest, extra_flags_are_set_even_when_it_was_cancelled_before) {
    cancel(root, Reason::caller);
    cancel(root, Reason::deadline, Scope::expired);
    EXPECT_TRUE(root.has(Scope::expired));
    EXPECT_EQ(root.reason, Reason::caller);
}

TEST_F(ScopeTest, a_parked_scope_is_poked_once) {
    Scope child;
    Leaf leaf{&counting_leaf};
    add(child, root);
    child.park_on(leaf);
    cancel(root, Reason::caller);
    cancel(child, Reason::caller);
    EXPECT_EQ(poked, 1);
    EXPECT_EQ(child.state, ScopeState::idle);
    EXPECT_EQ(local.stops, &child);
}

TEST_F(ScopeTest, a_queued_scope_is_skipped) {
    Scope child;
    add(child, root);
    child.state = ScopeState::queued;
    cancel(root, Reason::caller);
    EXPECT_TRUE(child.has(Scope::skip));
    EXPECT_EQ(local.stops, nullptr);
}

TEST_F(ScopeTest, a_shield_is_told_once_and_what_it_covers_is_spared) {
    std::array<Scope, 2> all;
    all[0].set(Scope::shield);
    add(all[0], root);
    add(all[1], all[0]);
    cancel(root, Reason::caller);
    cancel(root, Reason::caller);
    EXPECT_EQ(reached, 1);
    EXPECT_TRUE(all[0].has(Scope::outer));
    EXPECT_FALSE(all[0].has(Scope::cancelled));
    EXPECT_FALSE(all[1].has(Scope::cancelled));
}

TEST_F(ScopeTest, a_shield_itself_can_be_cancelled) {
    std::array<Scope, 2> all;
    all[0].set(Scope::shield);
    add(all[0], root);
    add(all[1], all[0]);
    cancel(all[0], Reason::deadline);
    EXPECT_TRUE(all[1].has(Scope::cancelled));
}

TEST_F(ScopeTest, a_child_of_a_cancelled_scope_is_cancelled_and_a_shield_is_not) {
    cancel(root, Reason::shutdown);
    std::array<Scope, 2> all;
    all[1].set(Scope::shield);
    add(all[0], root);
    add(all[1], root);
    EXPECT_TRUE(all[0].has(Scope::cancelled));
    EXPECT_EQ(all[0].reason, Reason::shutdown);
    EXPECT_FALSE(all[1].has(Scope::cancelled));
}

TEST_F(ScopeTest, the_last_child_releases_a_parent_on_hold) {
    std::array<Scope, 2> all;
    add(all[0], root);
    add(all[1], root);
    root.set(Scope::hold);
    all[0].detach();
    EXPECT_EQ(local.stops, nullptr);
    all[1].detach();
    EXPECT_EQ(local.stops, &root);
    EXPECT_FALSE(root.has(Scope::hold));
}

// A walk that recursed would overflow the stack here.
TEST_F(ScopeTest, cancel_walks_a_chain_and_a_fan_of_100000) {
    std::vector<Scope> chain(100'000);
    Scope* parent = &root;
    for (Scope& scope : chain) {
        add(scope, *parent);
        parent = &scope;
    }
    std::vector<Scope> fan(100'000);
    for (Scope& scope : fan) {
        add(scope, root);
    }
    cancel(root, Reason::caller);
    EXPECT_TRUE(chain.back().has(Scope::cancelled));
    EXPECT_TRUE(fan.front().has(Scope::cancelled));
}

TEST_F(ScopeTest, a_scope_is_one_cache_line) { EXPECT_EQ(sizeof(Scope), 64U); }

TEST(ReasonTest, every_reason_has_a_name) {
    EXPECT_EQ(to_string(Reason::none), "none");
    EXPECT_EQ(to_string(Reason::caller), "caller");
    EXPECT_EQ(to_string(Reason::deadline), "deadline");
    EXPECT_EQ(to_string(Reason::sibling), "sibling");
    EXPECT_EQ(to_string(Reason::shutdown), "shutdown");
    EXPECT_EQ(to_string(Reason::abandoned), "abandoned");
}

}  // namespace
}  // namespace rondo::detail
