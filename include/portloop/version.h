/* The version of portloop. The build files read it from here, and the soname follows from it. */
#ifndef PORTLOOP_VERSION_H
#define PORTLOOP_VERSION_H

#define PORTLOOP_VERSION_MAJOR 0
#define PORTLOOP_VERSION_MINOR 1
#define PORTLOOP_VERSION_PATCH 0

#endif
