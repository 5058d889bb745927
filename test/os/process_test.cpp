#include <gtest/gtest.h>
#include "rondo/rondo.hpp"
TEST(a,b) { }
