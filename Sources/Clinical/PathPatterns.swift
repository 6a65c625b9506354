public import Base

/// Paths outside FHIR that an organisation has named, each with the class of what lies there.
///
/// Three forms: `/favicon.ico` is one path, `/portal/*` is all below `/portal/` (not `/portal`
/// itself), `*.js` is every path whose last segment ends so. The exact one wins over the longest
/// beginning, that over the longest ending. Nothing is decoded or folded: what is spelled otherwise
/// is not covered. A value; any thread.
public struct PathPatterns: Sendable {
  /// One form of pattern.
  private enum Form: UInt8, Sendable { case exact, prefix, suffix }

  /// One pattern without its star.
  private struct Rule: Sendable {
    var form: Form
    var bytes: [UInt8]
    var dataClass: DataClass
  }

  /// The rules in the order in which the first that matches decides.
  private let rules: [Rule]
  /// Whether a pattern names files or jobs of bulk data: those may lie below the FHIR base.
  let namesBulk: Bool

  /// Makes patterns; `rows` are texts with their classes. `bulk` marks jobs and files of `$export`.
  public init(_ rows: [(String, DataClass)] = []) throws(PathPatternFault) {
    var made: [Rule] = []
    guard rows.count <= ClinicalLimits.pathPatternsMax else {
      throw PathPatternFault(index: ClinicalLimits.pathPatternsMax, reason: .tooMany)
    }
    for (index, row) in rows.enumerated() {
      switch Self.rule(Array(row.0.utf8), row.1) {
      case .failure(let reason): throw PathPatternFault(index: index, reason: reason)
      case .success(let rule):
        if made.contains(where: { $0.form == rule.form && $0.bytes == rule.bytes }) {
          throw PathPatternFault(index: index, reason: .repeated)
        }
        made.append(rule)
      }
    }
    rules = made.sorted {
      ($0.form.rawValue, $1.bytes.count) < ($1.form.rawValue, $0.bytes.count)
    }
    namesBulk = rules.contains { $0.dataClass == .bulk }
  }

  /// No pattern.
  private init() {
    rules = []
    namesBulk = false
  }

  /// No pattern: nothing outside FHIR is known.
  public static let none = PathPatterns()

  /// The class of `path`, which is clean; nil when no pattern covers it.
  func dataClass(_ path: ByteView) -> DataClass? {
    for rule in rules {
      switch rule.form {
      case .exact where path.count == rule.bytes.count && path.starts(with: rule.bytes),
        .prefix where path.count > rule.bytes.count && path.starts(with: rule.bytes):
        return rule.dataClass
      case .suffix where Self.ends(path, with: rule.bytes): return rule.dataClass
      default: continue
      }
    }
    return nil
  }

  /// Whether the last segment ends in `suffix` and is longer than that.
  private static func ends(_ path: ByteView, with suffix: [UInt8]) -> Bool {
    guard path.count > suffix.count + 1 else { return false }
    let start = path.count - suffix.count
    return path[start - 1] != 0x2F && path[start..<path.count].starts(with: suffix)
  }

  /// Reads one pattern.
  private static func rule(
    _ text: [UInt8], _ dataClass: DataClass
  ) -> Result<Rule, PathPatternFault.Reason> {
    guard text.count <= ClinicalLimits.pathPatternBytesMax else { return .failure(.tooLong) }
    guard dataClass != .unknown else { return .failure(.unknownClass) }
    if text.starts(with: [0x2A, 0x2E]) {
      let ending = Array(text.dropFirst())
      guard ending.count > 1, ending.last != 0x2E, ending.allSatisfy(isPlain) else {
        return .failure(.notAPattern)
      }
      return .success(Rule(form: .suffix, bytes: ending, dataClass: dataClass))
    }
    var path = text[...]
    let coversBelow = path.count > 2 && path.suffix(2) == [0x2F, 0x2A]
    if coversBelow { path.removeLast() }
    guard path.first == 0x2F else { return .failure(.notAPattern) }
    let isRoot = path.count == 1
    let inner = path.dropFirst().dropLast(coversBelow ? 1 : 0)
    let segments = inner.split(separator: 0x2F, omittingEmptySubsequences: false)
    let isCanonical = segments.allSatisfy { segment in
      !segment.isEmpty && segment.allSatisfy(isPlain) && segment.contains { $0 != 0x2E }
    }
    guard isRoot || isCanonical else { return .failure(.notAPattern) }
    return .success(
      Rule(form: coversBelow ? .prefix : .exact, bytes: Array(path), dataClass: dataClass))
  }

  /// Whether RFC 3986 calls the byte unreserved: it never stands escaped in a canonical path.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
    default: false
    }
  }
}

/// Why patterns cannot be used.
public struct PathPatternFault: Error, Equatable, Sendable {
  /// Which row is at fault, counted from zero.
  public let index: Int
  /// What is wrong with it.
  public let reason: Reason

  /// Makes a fault.
  public init(index: Int, reason: Reason) {
    self.index = index
    self.reason = reason
  }

  /// What can be wrong with a pattern.
  public enum Reason: String, Error, CaseIterable, Sendable {
    case notAPattern = "not `/path`, `/path/*` or `*.ending` in plain characters"
    case repeated = "the pattern stands here twice"
    case tooLong = "the pattern is too long"
    case tooMany = "there are too many patterns"
    case unknownClass = "`unknown` is no class to give a path"
  }
}
