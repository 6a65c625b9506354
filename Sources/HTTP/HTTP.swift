// HTTP: messages, and one machine per protocol that turns bytes into messages and back.
//
// Problem: HTTP/1.1 and HTTP/2, on both sides of the proxy, must look the same to the code that
// routes, and nothing that a peer sends may reach that code unchecked.
// Shape: `RequestHead`, `ResponseHead` and `Fields` are the messages; a `Codec` is one connection's
// protocol machine, server or client. Bytes go in with `receive`, events come out with `nextEvent`,
// commands (`sendHead`, `send`, `finish`, `reset`) go in, bytes come out with `produce`.
// Limits: no sockets, no clock, no TLS; every bound is in `HTTPLimits`.
