// Native: the C libraries behind owned, typed handles.
//
// Problem: OpenSSL, nghttp2 and libmaxminddb are fast and kept up, but speak in raw pointers, error
// queues and callbacks that run in the middle of other work.
// Shape: one `~Copyable` struct (or immutable class) owns each handle and frees it once; no C type
// shows in a public signature; no handle owns a file descriptor: bytes come in and go out as
// memory, so that the loop and the simulation drive the same code. Callbacks only append to state
// that the handle owns; the caller looks at it after the C call has returned.
// Threads: contexts, databases and verifying keys are immutable and shared; sessions, hashes and
// other keys belong to the thread that uses them.
// Limits: every bound is in `TLSLimits`; errors and faults never hold key material or peer bytes.
