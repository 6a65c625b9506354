// The kernel's calls that Swift's Glibc overlay does not import: variadic functions, macros and
// structures with flexible layout. Only the Reactor target may include this.
#pragma once
#define _GNU_SOURCE 1
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <stdint.h>

/// `open(2)` with a mode: variadic functions do not import.
static inline int homeward_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, (mode_t)mode);
}
