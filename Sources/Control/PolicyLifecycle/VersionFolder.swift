public import Policy
internal import Reactor
internal import StrictYAML

/// The folder in which officers write: `NNNN.yaml` and `NNNN.approvals` for each version.
public struct VersionFolder: Hashable, Sendable {
  /// The folder.
  public let directory: String

  /// Names a folder; nothing is read.
  public init(_ directory: String) { self.directory = directory }

  /// The file name of a version: at least four digits.
  static func name(_ version: Int) -> String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".yaml"
  }

  /// The number that a file name stands for; nil when it is not a version's.
  static func number(_ name: some StringProtocol) -> Int? {
    guard name.hasSuffix(".yaml"), let version = Int(name.dropLast(5)),
      (1...Limits.versionMax).contains(version), self.name(version) == name
    else { return nil }
    return version
  }

  /// The path of a version's file.
  public func path(_ version: Int) -> String { "\(directory)/\(Self.name(version))" }

  /// The numbers of the versions in the folder, ascending.
  public func versions(_ files: any Storage) throws(StateFault) -> [Int] {
    do throws(SystemError) {
      return try files.names(in: directory).compactMap { Self.number($0) }.sorted()
    } catch {
      throw .storage(path: directory, error)
    }
  }
}

/// One version as its officer wrote it, with the approvals beside it.
public struct VersionFile {
  /// The policy file.
  public let path: String
  /// Its bytes.
  public let bytes: [UInt8]
  /// Their hash.
  public let hash: ContentHash
  /// The number that the file's name stands for; nil for a name of another form.
  public let number: Int?
  /// The policy; nil when the file has errors.
  public let policy: Policy?
  /// What is to be said about the file, warnings included.
  public let complaints: [String]
  /// The approvals beside the file; empty when there are none.
  public let approvals: Approvals

  /// The path of the approvals of the policy file at `path`.
  public static func approvalsPath(of path: String) -> String {
    (path.hasSuffix(".yaml") ? String(path.dropLast(5)) : path) + ".approvals"
  }

  /// The path of the approvals.
  public var approvalsPath: String { Self.approvalsPath(of: path) }

  /// Reads and checks the file at `path`, and the approvals beside it.
  public init(_ path: String, _ files: any StateFiles) throws(StateFault) {
    self.path = path
    do throws(SystemError) {
      bytes = try files.read(path, byteCountMax: Limits.policyByteCountMax)
    } catch {
      throw .storage(path: path, error)
    }
    hash = ContentHash(of: bytes)
    number = path.split(separator: "/").last.flatMap { VersionFolder.number($0) }
    (policy, complaints) = Self.load(bytes, file: path)
    let approvalsPath = Self.approvalsPath(of: path)
    do throws(SystemError) {
      approvals = Approvals(
        try files.read(approvalsPath, byteCountMax: Limits.approvalsByteCountMax))
    } catch {
      guard error.isNotFound else { throw .storage(path: approvalsPath, error) }
      approvals = Approvals()
    }
  }

  /// The policy in `bytes`, and every complaint about it.
  public static func load(_ bytes: [UInt8], file: String) -> (Policy?, [String]) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return (nil, ["\(file):1:1: error: the file is not UTF-8 text"])
    }
    let (policy, diagnostics) = Policy.load(
      text: text, file: file, hash: ContentHash(of: bytes).hexadecimal)
    return (policy, diagnostics.map(\.description))
  }
}
