// Audit: what was decided and what came of it, in a form that can be proved whole.
//
// Problem: a disclosure that left no record must not happen, and the record must cost next to
// nothing on the request's way. Disks tear, flip bits, fill up and lie about what they wrote.
// Shape: `DecisionRecord`, `OutcomeRecord` and `EventRecord` encode straight into a queue as tagged
// fields; each stands in a checksummed, numbered `Frame` of an append-only segment file.
// `GroupCommit` says what to write, when to sync and what is durable; `SegmentScanner` judges a
// file that was left behind; `AuditText` renders records for people.
// Limits: nothing here performs I/O, reads a clock or starts a thread: the driver does, and tells.
// A first cut: one file and no Merkle tree yet. Readers skip fields that they do not know.
