// SPDX-License-Identifier: Apache-2.0
#include "coro/function_name.hpp"

#include <gtest/gtest.h>

#include "rondo/coro/task.hpp"

namespace rondo::test {
namespace {

using detail::short_function_name;

TEST(FunctionNameTest, a_function_loses_its_return_type_and_parameters) {
    EXPECT_EQ(short_function_name("rondo::Task<> app::fetch(int, std::string)"), "app::fetch");
    EXPECT_EQ(short_function_name("rondo::Task<std::vector<int> > app::f(std::string)"), "app::f");
    EXPECT_EQ(short_function_name("int main()"), "main");
}

TEST(FunctionNameTest, a_member_keeps_its_class) {
    EXPECT_EQ(short_function_name("rondo::Task<> app::Box<T>::get(std::vector<T>, void (*)(int)) "
                                  "const [with T = int]"),
              "app::Box<T>::get");
    EXPECT_EQ(short_function_name("static Task<T> app::Box<int>::make(T) [T = int]"),
              "app::Box<int>::make");
    EXPECT_EQ(short_function_name("Task<> app::outer(int)::Local::m()"), "app::outer::Local::m");
    EXPECT_EQ(short_function_name("rondo::Task<> app::Box<T>::operator()(int) [with T = int]"),
              "app::Box<T>::operator()");
}

TEST(FunctionNameTest, a_lambda_is_named_after_where_it_stands) {
    EXPECT_EQ(short_function_name("app::outer(int)::<lambda(int, std::string)>"),
              "app::outer::{lambda}");
    EXPECT_EQ(
        short_function_name("app::outer(outer(int)::_ZN3app5outerEi.Frame*)::<lambda(auto:11)> "
                            "mutable [with auto:11 = int]"),
        "app::outer::{lambda}");
    EXPECT_EQ(short_function_name(
                  "auto app::outer(int)::(anonymous class)::operator()(int, std::string) const"),
              "app::outer::{lambda}");
    EXPECT_EQ(short_function_name("main()::<lambda(std::function<void(int)>)>"), "main::{lambda}");
    EXPECT_EQ(short_function_name("app::outer(int)::<lambda()>::operator()(_ZN3app.Frame*) const"),
              "app::outer::{lambda}");
}

TEST(FunctionNameTest, an_anonymous_namespace_is_left_out) {
    EXPECT_EQ(short_function_name("rondo::Task<> app::{anonymous}::helper()"), "app::helper");
    EXPECT_EQ(short_function_name("Task<> app::(anonymous namespace)::helper()"), "app::helper");
}

TEST(FunctionNameTest, what_is_not_understood_stays_readable) {
    EXPECT_EQ(short_function_name(""), "");
    EXPECT_EQ(short_function_name("]"), "]");
    EXPECT_EQ(short_function_name("a(b"), "a");
    EXPECT_EQ(short_function_name("<lambda"), "{lambda}");
}

Task<> a_coroutine() { co_return; }

TEST(FunctionNameTest, a_coroutine_knows_its_name_on_this_compiler) {
    Task<> task = a_coroutine();
    void* const frame = detail::TaskAccess::release(task);
    const std::source_location place = detail::promise_of(frame).place;
    EXPECT_EQ(short_function_name(place.function_name()), "rondo::test::a_coroutine");
    EXPECT_FALSE(detail::is_internal(place));
    Task<> again = detail::TaskAccess::adopt<void>(frame);
}

}  // namespace
}  // namespace rondo::test
