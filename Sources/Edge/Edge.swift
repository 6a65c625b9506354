// Edge: the driver. It gives the machines of `Proxy`, `HTTP`, `Origins` and `Audit` real sockets,
// files, threads and time, and decides nothing itself.
//
// Problem: decisions must be testable without a network, and the network must be fast.
// Shape: a `Server` starts one `Worker` per core. A worker owns an event loop, its listeners, its
// `ClientConnection`s and `OriginConnection`s, and an `Exchange` for each request under way. The
// `AuditCommitter` writes the log on a thread of its own; the `Prober` asks endpoints for their
// health on another. Threads share immutable snapshots and talk through mailboxes.
// Limits: whatever decides lies below; whatever calls the kernel lies in `Reactor`.
