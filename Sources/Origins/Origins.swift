// Origins: which servers stand behind the edge, how they are, and which of them to ask next.
//
// Problem: a policy's plan names regions and tiers; a request needs one server that is reachable,
// fresh enough and in the right role, now. Servers die, lag, lie about their role and come back.
// The answer must never leave the plan, must never turn a missing measurement into a good one, and
// must be found without a lock and without memory from the allocator.
// Shape: `Topology` is the configured truth. `HealthBoard` owns one `EndpointHealth` machine per
// endpoint and publishes a `HealthSnapshot` to every loop. `Narrowing` turns the plan's steps into
// a `NarrowedPlan` with that snapshot and the loop's own `EndpointLoads`. `Pool` decides about the
// connections of one endpoint in one loop, `RetryRules` about what happens after a failure.
// Limits: all are in `OriginLimits`. Nothing here reads a clock, draws unseeded randomness or
// touches a socket: the driver hands in time and events, and performs the actions it gets back.
