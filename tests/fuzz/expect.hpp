// A check that ends the program, so that the fuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define EXPECT(condition)                                                          \
  do {                                                                             \
    if (condition) break;                                                          \
    std::fprintf(stderr, "%s:%d: expected: %s\n", __FILE__, __LINE__, #condition); \
    std::abort();                                                                  \
  } while (false)
