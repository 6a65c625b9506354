public import Policy
internal import Reactor

/// A version that running edges evaluate on live traffic beside the one in force, without using
/// its plans.
///
/// Needs no approval, since it decides nothing. What is wrong with its files harms nothing either:
/// then nothing is shadowed.
extension PolicyState {
  /// The path of the file that names it.
  var shadowPath: String { directory + "/shadow" }
  /// The path of its text.
  var shadowTextPath: String { directory + "/shadow.yaml" }
  /// The path of what a running edge says about it.
  public var shadowReportPath: String { directory + "/shadow-report" }

  /// The content hash of the version that is shadowed; nil without one.
  public func shadow(_ files: any StateFiles) throws(StateFault) -> ContentHash? {
    guard let bytes = try optional(files, shadowPath, byteCountMax: Limits.lineByteCountMax)
    else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    guard let hash = ContentHash(line) else { throw .shadowDamaged(path: shadowPath) }
    return hash
  }

  /// The policy of this hash, which is shadowed.
  public func shadowed(
    _ hash: ContentHash, _ files: any StateFiles
  ) throws(StateFault) -> Policy {
    let bytes = try optional(files, shadowTextPath, byteCountMax: Limits.policyByteCountMax)
    guard let bytes, ContentHash(of: bytes) == hash,
      let policy = VersionFile.load(bytes, file: shadowTextPath).0
    else { throw .shadowDamaged(path: shadowTextPath) }
    return policy
  }
}

extension PolicyLifecycle {
  /// Lets running edges evaluate a version beside the one in force; refused when it has errors or
  /// does not fit the edge. Replaces the one that was shadowed before.
  public func shadow(_ file: VersionFile) throws(LifecycleError) -> Policy {
    guard let policy = file.policy else {
      throw .refused(.invalid(path: file.path, complaints: file.complaints))
    }
    let misfits = checks.fit(policy)
    guard misfits.isEmpty else { throw .refused(.doesNotFit(misfits)) }
    try change { () throws(SystemError) in
      try storage.replace(state.shadowTextPath, file.bytes)
      // A crash here leaves a text that does not match its name: nothing is shadowed after the next
      // start, and status says so.
      try storage.replace(state.shadowPath, Array("\(file.hash)\n".utf8))
    }
    return policy
  }

  /// Ends it; false when nothing was shadowed.
  public func endShadow() throws(LifecycleError) -> Bool {
    do throws(StateFault) {
      guard try state.shadow(storage) != nil else { return false }
    } catch {
      // What names nothing is removed all the same.
    }
    try change { () throws(SystemError) in
      try storage.remove(state.shadowPath)
      // A crash here leaves a text that nothing names.
      try storage.synchronizeDirectory(state.directory)
      // So does a disk that does not take this.
      try? storage.remove(state.shadowTextPath)
    }
    return true
  }

  /// Ends the shadowing of the version that is in force by now: there is nothing left to try. It
  /// decides nothing, so a disk that refuses this refuses no activation; the next command tries
  /// again.
  func forgetShadowInForce() {
    guard let hash = try? state.shadow(storage), hash == pointer?.hash else { return }
    _ = try? endShadow()
  }

  private func change(_ body: () throws(SystemError) -> Void) throws(LifecycleError) {
    do throws(SystemError) { try body() } catch {
      throw .fault(.storage(path: state.shadowPath, error))
    }
  }
}

/// What a running edge says about the version that it evaluates: the file `shadow-report`.
public struct ShadowReport: Equatable, Sendable {
  /// The version that is evaluated.
  public let hash: ContentHash
  /// Since when, in RFC 3339.
  public let since: String
  /// Requests that it was asked about.
  public let comparedCount: UInt64
  /// Where it would have decided otherwise, a line each way, each with its count.
  public let lines: [String]

  /// Makes a report.
  public init(hash: ContentHash, since: String, comparedCount: UInt64, lines: [String]) {
    self.hash = hash
    self.since = since
    self.comparedCount = comparedCount
    self.lines = lines
  }

  /// Reads the file's bytes; nil for anything else.
  public init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3, let hash = ContentHash(words[0]), let count = UInt64(words[2]) else {
      return nil
    }
    self.init(
      hash: hash, since: String(words[1]), comparedCount: count, lines: Array(lines.dropFirst()))
  }

  /// The file's bytes.
  public var bytes: [UInt8] {
    Array((["\(hash) \(since) \(comparedCount)"] + lines).map { $0 + "\n" }.joined().utf8)
  }
}
