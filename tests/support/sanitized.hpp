// Whether a sanitizer's runtime is in the program, for gcc, which defines macros, and for clang, which has features.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PORTLOOP_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PORTLOOP_IS_SANITIZED 1
#endif
#endif
#ifndef PORTLOOP_IS_SANITIZED
#define PORTLOOP_IS_SANITIZED 0
#endif
