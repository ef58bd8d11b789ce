// Whether this process may open a few more descriptors: a scan that can't make a single connect must fail to start.
#pragma once

#include <cstddef>

#include "engine/connector.hpp"

namespace portloop {

/// Returns UV_EMFILE or UV_ENFILE if fewer than `count` descriptors can be opened now, else 0. Allocates nothing.
int check_descriptors(size_t count);

/// What the first connect on a loop takes: libuv opens /dev/null with the first stream of each loop.
constexpr size_t descriptors_of_first_connect(ConnectorKind kind) { return kind == ConnectorKind::portable ? 2 : 1; }

/// What uv_loop_init() takes at most. It must not run out of them: libuv 1.44 then leaks one.
constexpr size_t descriptors_of_loop = 4;

}  // namespace portloop
