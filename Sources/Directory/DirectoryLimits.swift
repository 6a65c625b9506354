/// The bounds of directories, their files and the files they are made from.
public enum DirectoryLimits {
  /// Characters in a FHIR id (R4 `id` datatype).
  public static let idBytesMax = 64
  /// Bytes in one line that is read: seven short columns, or the same as JSON.
  public static let lineBytesMax = 512
  /// Patients in one directory: what the 32-bit links between slots and their memory are sized for.
  public static let patientsMax = 50_000_000
  /// Errors collected before reading stops.
  public static let errorsMax = 100
  /// Home regions: an entry numbers them in one byte, and the last number means unknown.
  public static let homesMax = 255
  /// Letters in a region's name.
  public static let homeNameBytesMax = 64
  /// Merges from an id to the person's present one: more is a mistake in the source.
  public static let mergesMax = 8
  /// Bytes that one hash of a snapshot covers: a flipped bit is found within this much, and the
  /// hashes of 10 million patients are 10 kB.
  public static let chunkByteCount = 1 << 20
  /// Bytes of a snapshot's header: the names, and the hashes of `patientsMax` patients.
  public static let headerBytesMax = 1 << 20
  /// Changes in one batch of a delta log, 40 bytes each: verified as one before any is in force.
  public static let batchChangesMax = 65_536
  /// Bytes of one batch: its changes, the names of the homes and the signature.
  public static let batchBytesMax = 3 << 20
  /// Patients that deltas may have changed since the snapshot: 48 MB in memory. Past it deltas
  /// stop and the directory ages until a new snapshot holds them.
  public static let overlayPatientsMax = 1_000_000
  /// Seconds by which a signer's clock may be ahead of ours; a time further in the future is no
  /// sign of freshness.
  public static let clockSkewSecondsMax: UInt64 = 300
}
