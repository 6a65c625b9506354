// Control: what officers and operators decide, made durable and put into force.
//
// Problem: a policy version must come into force whole or not at all, only when enough officers
// have signed it, and nobody may later dispute what was in force when, not even after a crash, a
// full disk or a changed file.
// Shape: `PolicyLifecycle` brings a version from its folder (`VersionFolder`, `Approvals`) into the
// state of an edge (`PolicyState`): an archive of files by content hash, a hash-chained `History`,
// and the pointer `active`, which is replaced by a rename. Rules are pure functions over values;
// every read, write and sync goes through `Storage`, so that tests can crash between any two.
// `ActiveVersion` is what an edge reads: it believes content hashes and signatures, nothing else.
// Limits: one writer at a time, by a lock on the state; readers need none. Nothing here runs on a
// loop of the data plane. Bounds are in `Limits.swift`.
