// Admin: what operators and auditors may ask of a running edge, and what they are told.
//
// Problem: SREs must be able to look and act while everything else goes wrong, nobody may act under
// another's name, and what they are told must be written down for programs and stay true.
// Shape: sans-I/O. A request is a value (`AdminRequest`), so is the answer (`AdminAnswer`).
// `AdminDesk` says who asks (`CallerRules`), finds the route (`AdminRoute`: method, path, roles,
// schemas and what it does, in one place) and answers; the OpenAPI description is made from the
// same table. What the edge sees comes in by `EdgeWatcher`, what changes goes out by `EventLog`.
// The socket, the clock and the thread are `Edge`'s; `homeward region --offline` uses the same desk
// without any of them.
// Limits: one thread at a time. Nothing here runs on a loop of the data plane, and nothing there
// waits for it. Bounds are in `AdminLimits`.
