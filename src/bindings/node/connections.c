#include "connections.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void reset(int fd) {
  const struct linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

bool connections_keep(struct connections* self, int fd) {
  if (self->count == self->capacity) {
    const size_t capacity = self->capacity == 0 ? 64 : 2 * self->capacity;
    int* fds = realloc(self->fds, capacity * sizeof *fds);
    if (fds == NULL) {
      reset(fd);
      return false;
    }
    self->fds = fds;
    self->capacity = capacity;
  }
  self->fds[self->count++] = fd;
  return true;
}

bool connections_take(struct connections* self, int fd) {
  for (size_t i = 0; i < self->count; ++i) { /* usually the first: results are taken in their order */
    if (self->fds[i] != fd) continue;
    --self->count;
    memmove(&self->fds[i], &self->fds[i + 1], (self->count - i) * sizeof *self->fds);
    return true;
  }
  return false;
}

void connections_reset(struct connections* self, int fd) {
  if (connections_take(self, fd)) reset(fd);
}

void connections_reset_all(struct connections* self) {
  for (size_t i = 0; i < self->count; ++i) reset(self->fds[i]);
  free(self->fds);
  *self = (struct connections){NULL, 0, 0};
}
