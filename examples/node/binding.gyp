# For `npm install`, against a portloop that pkg-config finds. The archive, not the shared library: that would bring a
# second libuv into the process.
{
  "targets": [{
    "target_name": "portloop",
    "sources": ["portloop_node.c"],
    "cflags": ["<!@(pkg-config --cflags-only-I portloop)"],
    "libraries": ["<!(pkg-config --variable=libdir portloop)/libportloop.a", "-lstdc++", "-lm"]
  }]
}
