// Reactor: threads, readiness, timers, sockets, files and signals. The only system calls.
//
// Problem: one thread per core must serve thousands of connections without blocking, and nothing
// above it should know what a file descriptor is made of.
// Shape: an `EventLoop` waits on epoll and calls `Pollable` objects; it is born on its thread and
// never leaves it. A `Mailbox` is the only door from other threads. `Socket` and `File` own
// descriptors; `systemCall` is the one place where errno is read.
// Limits: Linux only. Readiness is edge-triggered: who is told `readable` reads until the kernel
// has no more, or remembers that it stopped.
