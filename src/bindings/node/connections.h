/* The connections of results that JavaScript has not taken over yet: they are reset if it never does. */
#ifndef PORTLOOP_NODE_CONNECTIONS_H
#define PORTLOOP_NODE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Zero is an empty one. */
struct connections {
  int* fds;
  size_t count, capacity;
};

/* Takes ownership of a descriptor. If there is no memory to keep it, resets it and returns false. */
bool connections_keep(struct connections* self, int fd);
/* Gives a descriptor away. Returns false if it is not kept. */
bool connections_take(struct connections* self, int fd);
/* Resets one that is kept, without a waiting state of it. */
void connections_reset(struct connections* self, int fd);
void connections_reset_all(struct connections* self);

#endif
