// Assertions that stay on in release: a broken invariant stops the process before it is stored.
#pragma once

#include <cstdio>
#include <cstdlib>

#define BELGRAND_CHECK(condition)                                                        \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
