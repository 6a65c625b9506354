#define _GNU_SOURCE 1
#include "linux.h"
#include <pthread.h>

void homeward_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int homeward_accept(int listener, struct sockaddr_storage *peer, socklen_t *count) {
  return accept4(listener, (struct sockaddr *)peer, count, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int homeward_allocate(int descriptor, int64_t offset, int64_t count) {
  return fallocate(descriptor, 0, offset, count);
}

int homeward_open_unnamed(const char *path) {
  return open(path, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}
