public import Base
public import Native

/// What an officer's signature is over, beside the officer's name and the time.
public struct ApprovalSubject: Hashable, Sendable {
  /// The policy's name.
  public let policy: String
  /// The version's number.
  public let version: Int
  /// The hash of the version's file.
  public let content: ContentHash
  /// The hash of the analysis report that the officer was shown.
  public let report: ContentHash

  /// Names a version and the report on it.
  public init(policy: String, version: Int, content: ContentHash, report: ContentHash) {
    self.policy = policy
    self.version = version
    self.content = content
    self.report = report
  }
}

/// One officer's signature: a line of a version's approvals file.
///
/// The line is `officer fingerprint time content-hash report-hash signature`, the signature in
/// base64. Policy and version do not stand there: they are the file's that is approved.
public struct Approval: Hashable, Sendable {
  /// The officer's name.
  public let officer: String
  /// The name of the key.
  public let fingerprint: String
  /// When, in RFC 3339.
  public let time: String
  /// The file that was approved.
  public let content: ContentHash
  /// The report that it was approved with.
  public let report: ContentHash
  /// 64 bytes.
  public let signature: [UInt8]

  /// Signs `subject` with an officer's key.
  public init(
    of subject: ApprovalSubject, by officer: String, with key: borrowing SigningKey,
    at time: WallTime
  ) {
    precondition(Officer.isName(officer), "a name that an approval cannot carry")
    self.officer = officer
    self.time = time.text
    fingerprint = key.verifyingKey.fingerprint
    content = subject.content
    report = subject.report
    signature = key.sign(Self.message(subject, officer: officer, time: self.time))
  }

  /// Reads a line; nil when it is not one.
  init?(line: Substring) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, let content = ContentHash(words[3]), let report = ContentHash(words[4]),
      let signature = Base64.decode(words[5]),
      signature.count == VerifyingKey.signatureByteCount
    else { return nil }
    officer = String(words[0])
    fingerprint = String(words[1])
    time = String(words[2])
    self.content = content
    self.report = report
    self.signature = signature
  }

  /// The line, without a line feed.
  public var line: String {
    "\(officer) \(fingerprint) \(time) \(content) \(report) \(Base64.encode(signature))"
  }

  /// Whether `key` made the signature, over this version.
  func isValid(for subject: ApprovalSubject, key: VerifyingKey) -> Bool {
    key.isValid(
      signature: signature, for: Self.message(subject, officer: officer, time: time))
  }

  /// The bytes that are signed: lines of fixed keys, so that no two subjects give the same text.
  static func message(_ subject: ApprovalSubject, officer: String, time: String) -> [UInt8] {
    Array(
      """
      homeward policy approval v1
      policy: \(subject.policy)
      version: \(subject.version)
      content: \(subject.content)
      report: \(subject.report)
      officer: \(officer)
      time: \(time)

      """.utf8)
  }
}

extension WallTime {
  /// The instant in RFC 3339, UTC, with milliseconds.
  public var text: String {
    var queue = ByteQueue()
    queue.append(rfc3339: self)
    return String(decoding: queue.copyToArray(), as: UTF8.self)
  }
}
