/* The one place that says which version this is; the build and the soname read it from here. */
#ifndef PORTLOOP_VERSION_H
#define PORTLOOP_VERSION_H

#define PORTLOOP_VERSION_MAJOR 0
#define PORTLOOP_VERSION_MINOR 1
#define PORTLOOP_VERSION_PATCH 0

#endif
