// Directory: who a patient is: home region, residency, consent, marks, and whose ids are whose.
//
// Problem: routing needs these facts of tens of millions of people in well under a microsecond, on
// machines where a list of patients must never lie about; a consent that is withdrawn has to hold
// at once; and whoever writes the file decides where records go, so it must be the right one.
// Shape: a *snapshot* (`SnapshotHeader`, `SlotTable`) is a signed file of 24-byte slots sorted by
// keyed hash, used where it lies. A *delta log* (`DeltaLog`) holds signed batches of changes, which
// the `DeltaFollower` puts into the `Overlay`, a table in front of the snapshot that all loops read
// without a lock. `PatientDirectory` joins the two and answers. `DirectoryReader` and
// `ChangeReader` read what people and registries write (CSV, NDJSON); `SnapshotWriter` makes files.
// Limits: `DirectoryLimits`. No file, clock or thread here: drivers hand in bytes and time. A
// look-up allocates nothing and is correct for any content of the bytes behind it.
