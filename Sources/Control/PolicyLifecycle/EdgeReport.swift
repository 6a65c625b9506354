/// What a running edge says about its policy, for `homeward policy status`: the file `edge` of the
/// state, one line.
public struct EdgeReport: Equatable, Sendable {
  /// The version that decides.
  public let hash: ContentHash
  /// Its number.
  public let version: Int
  /// Since when, in RFC 3339.
  public let since: String
  /// The process.
  public let process: Int
  /// Why the version in force does not decide; empty when it does.
  public let fault: String

  /// Makes a report.
  public init(hash: ContentHash, version: Int, since: String, process: Int, fault: String) {
    self.hash = hash
    self.version = version
    self.since = since
    self.process = process
    self.fault = String(String.UnicodeScalarView(fault.unicodeScalars.filter { $0.value >= 0x20 }))
  }

  /// Reads the file's bytes; nil for anything else.
  public init?(_ bytes: [UInt8]) {
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count == 5, let hash = ContentHash(words[0]), let version = Int(words[1]),
      let process = Int(words[3])
    else { return nil }
    self.init(
      hash: hash, version: version, since: String(words[2]), process: process,
      fault: String(words[4]))
  }

  /// The file's bytes.
  public var bytes: [UInt8] { Array("\(hash) \(version) \(since) \(process) \(fault)\n".utf8) }
}

extension PolicyState {
  /// The path of the file in which a running edge says where two versions differ: a line each.
  public var differencesPath: String { directory + "/differences" }
  /// The path of the running edge's report.
  public var reportPath: String { directory + "/edge" }
}
