# The addon with the library's sources. libuv is Node's: only its header is used, from Node's headers.
{
  "variables": {"prebuilt%": 0},
  "targets": [{
    "target_name": "portloop",
    "sources": ["addon.c", "connections.c", "group.c", "options.c", "running.c", "<!@(node sources.js list)"],
    "include_dirs": ["<!(node sources.js root)/include", "<!(node sources.js root)/src"],
    "defines": ["_GNU_SOURCE", "PORTLOOP_VERSION_TEXT=\"<!(node -p \"require('./package.json').version\")\""],
    "cflags": ["-fvisibility=hidden"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
    "cflags_cc": ["-std=gnu++20", "-fexceptions", "-frtti"],
    # The functions of portloop.h are visible: another copy of the library in the process must not replace them.
    "ldflags": ["-Wl,-Bsymbolic"],
    "conditions": [["prebuilt==1", {"ldflags": ["-static-libstdc++", "-static-libgcc", "-s"]}]]
  }]
}
