internal import Base
internal import Directory
internal import Edge
internal import Native
internal import Reactor
internal import StrictYAML

extension ConfigurationLoad {
  /// Bytes of a plain directory: 10 million patients are about 400 MB.
  static let directoryByteCountMax = 4 << 30

  /// The patients in the CSV file at `path`; nil after complaints, or without a policy: then homes
  /// cannot be numbered, and only the file's form is checked.
  static func plainDirectory(
    _ path: String, homes: [String]?, _ paths: ConfigurationPaths,
    _ complaints: inout [Diagnostic]
  ) -> PatientDirectory? {
    guard paths.isUsable(path) else { return nil }
    // Complaints never repeat a line of this file: it names patients.
    let diagnostics = Diagnostics(file: path, text: "")
    defer { complaints += diagnostics.sorted() }
    do {
      let bytes = try paths.files.read(path, byteCountMax: directoryByteCountMax)
      let hash = randomHash()
      let snapshot = try unsafe bytes.withUnsafeBytes { raw in
        try unsafe DirectorySnapshot.reading(
          raw, as: .csv, file: path, homeNames: homes ?? [], hash: hash)
      }
      return try homes.map { try PatientDirectory(snapshot, hash: hash, homeNames: $0) }
    } catch let failure as DirectoryErrors {
      for error in failure.errors {
        diagnostics.error(
          .directory, at: Mark(line: error.line, column: error.column), error.message)
      }
    } catch {
      diagnostics.error(.unreadableFile, at: .start, "the directory cannot be read: \(error)")
    }
    return nil
  }

  /// The patients of a signed directory, with all deltas in force; nil after complaints, or
  /// without a policy. Everything is verified: a file that fails is refused whole, and so is a log
  /// that cannot be read to its end. Complaints stand where the configuration names the file.
  static func signedDirectory(
    _ source: Configuration.SignedDirectory, homes: [String]?, _ paths: ConfigurationPaths,
    _ diagnostics: Diagnostics
  ) -> PatientDirectory? {
    let files = [source.snapshot, source.deltas, source.key, source.signer].compactMap { $0 }
    guard files.allSatisfy(paths.isUsable) else { return nil }
    var (code, path) = (ConfigurationCode.material, source.key)
    do {
      let hash = try DirectoryFiles.hash(keyFile: source.key)
      path = source.signer
      let signer = try VerifyingKey(pemFile: source.signer)
      (code, path) = (.directory, source.snapshot)
      let snapshot = try DirectoryFiles.snapshot(
        source.snapshot, signer: signer, keyID: hash.keyID, protection: .copied)
      try snapshot.verifyContent()
      let directory = try PatientDirectory(
        snapshot, hash: hash, homeNames: homes ?? [], signer: signer, deltasPath: source.deltas)
      if let deltas = source.deltas {
        path = deltas
        if let fault = try directory.readDeltas().fault { throw fault }
      }
      return homes == nil ? nil : directory
    } catch {
      diagnostics.error(code, at: paths.mark(of: path), "`\(path)`: \(error)")
      return nil
    }
  }

  /// A hash with a key of this process: who writes the directory cannot make its ids collide.
  private static func randomHash() -> PatientHash {
    var keys: (UInt64, UInt64) = (0, 0)
    unsafe withUnsafeMutableBytes(of: &keys) { unsafe secureRandom(into: $0) }
    return PatientHash(key0: keys.0, key1: keys.1)
  }
}

/// The files of a signed directory, as edge and tools open them.
enum DirectoryFiles {
  /// Why a key's file cannot be used.
  struct KeyError: Error, CustomStringConvertible {
    var description: String {
      "it is too short for a key: it needs \(PseudonymKey.byteCountMin) random bytes, or"
        + " \(2 * PseudonymKey.byteCountMin) hexadecimal digits (`openssl rand -hex 32` makes them)"
    }
  }

  /// The hash under the key in a file.
  static func hash(keyFile path: String) throws -> PatientHash {
    let bytes = try FileSystem.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
    guard let key = PseudonymKey.key(from: bytes) else { throw KeyError() }
    return PatientHash(secret: key)
  }

  /// The bytes of a file, mapped or copied.
  static func bytes(
    _ path: String, protection: MappedFile.Protection
  ) throws(SystemError) -> DirectoryBytes {
    let file = try MappedFile(path: path, protection: protection)
    // The mapping is freed with `file`, which the bytes keep.
    return unsafe DirectoryBytes(file.bytes, keeping: file)
  }

  /// Opens a snapshot; its header is verified, its content is not yet.
  static func snapshot(
    _ path: String, signer: VerifyingKey, keyID: UInt64, protection: MappedFile.Protection
  ) throws -> DirectorySnapshot {
    try DirectorySnapshot(
      try bytes(path, protection: protection), signer: signer, keyID: keyID)
  }
}
