/* The versions of portloop and of its binary interface. The build files read them from here. */
#ifndef PORTLOOP_VERSION_H
#define PORTLOOP_VERSION_H

#define PORTLOOP_VERSION_MAJOR 0
#define PORTLOOP_VERSION_MINOR 1
#define PORTLOOP_VERSION_PATCH 0

/* The version of the library's binary interface, on its own: the soname has the first number. docs/embedding.md has the
 * rules. */
#define PORTLOOP_ABI_MAJOR 1
#define PORTLOOP_ABI_MINOR 1
#define PORTLOOP_ABI_PATCH 0

#endif
