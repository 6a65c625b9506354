// The kernel's calls that Swift's Glibc overlay does not import: variadic functions, macros and
// structures with flexible layout. Only the Reactor target may include this.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <stdint.h>

/// `open(2)` with a mode: variadic functions do not import.
static inline int homeward_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, (mode_t)mode);
}

/// A file without a name in the folder at `path`, for its owner alone: gone with its descriptor,
/// and never linked. -1 with EOPNOTSUPP, EISDIR or ENOENT where the file system has none.
int homeward_open_unnamed(const char *path);

/// Names the calling thread (15 bytes at most), as `top -H` shows it.
void homeward_name_thread(const char *name);

/// `accept4(2)`, non-blocking and close-on-exec.
int homeward_accept(int listener, struct sockaddr_storage *peer, socklen_t *count);

/// `fallocate(2)`: takes space for a part of a file, which grows to its end.
int homeward_allocate(int descriptor, int64_t offset, int64_t count);

/// `prctl(PR_SET_DUMPABLE, 0)`: no core dumps, and no look into memory for others of the same user.
static inline int homeward_keep_private(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Bytes that the program has asked of the heap and not given back (mallinfo2(3)).
static inline uint64_t homeward_heap_byte_count(void) {
  struct mallinfo2 info = mallinfo2();
  return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}
