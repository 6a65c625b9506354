import Base

/// What entries are found by. Numbers are stored in fingerprints: never change or reuse one.
enum SearchKey: UInt8 {
  case decision = 1
  case patient = 2
  case subject = 3
  case tenant = 4
  case region = 5
  case dataClass = 6
  case refusal = 7
}

/// A key with a value, as a block of the index holds it: 32 bits that say nothing of the value.
///
/// Patients and subjects come in as the log's tokens (HMAC-SHA-256 under its own key), so that a
/// fingerprint of theirs is worth nothing without that key. Two values may share a fingerprint:
/// what is found is read in the log and compared.
public struct SearchTerm: Hashable, Sendable {
  /// The fingerprint.
  let fingerprint: UInt32

  /// The term of some bytes; an empty value under `refusal` stands for any refusal.
  init(_ key: SearchKey, _ value: UnsafeRawBufferPointer) {
    // Multiply and fold, eight bytes a step: spread evenly, and no more is asked of it.
    var state = UInt64(key.rawValue) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(value.count)
    var offset = 0
    while offset < value.count {
      var word: UInt64 = 0
      let count = min(8, value.count - offset)
      if count == 8 {
        // In bounds: eight bytes are left.
        word = UInt64(
          littleEndian: unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      } else {
        for place in (offset..<value.count).reversed() {
          word = unsafe word << 8 | UInt64(value[place])
        }
      }
      let product = (state ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
      state = product.high ^ product.low &+ 0x2545_F491_4F6C_DD1D
      offset += count
    }
    let product = (state ^ state >> 32).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    fingerprint = UInt32(truncatingIfNeeded: (product.high ^ product.low) >> 32)
  }

  /// The term of a text.
  init(_ key: SearchKey, _ text: String) {
    var text = text
    self = text.withUTF8 { unsafe SearchTerm(key, UnsafeRawBufferPointer($0)) }
  }

  /// The term of a decision and its outcome.
  public init(outcomeOf decision: AuditID) { self.init(.decision, decision) }

  /// The term of an identifier.
  init(_ key: SearchKey, _ id: AuditID) {
    let words = (id.high.bigEndian, id.low.bigEndian)
    self = unsafe withUnsafeBytes(of: words) { unsafe SearchTerm(key, $0) }
  }
}

/// What the index keeps of one entry.
struct SearchFacts {
  /// When it was recorded.
  var time = WallTime(microseconds: 0)
  /// Whether it is a decision or an outcome; nothing else is ever found.
  var isFound = false

  /// Reads an entry and hands its terms to `body`. An entry that this program cannot read has none.
  init(_ entry: UnsafeRawBufferPointer, _ body: (SearchTerm) -> Void) {
    guard var reader = try? unsafe RecordReader(entry) else { return }
    isFound = reader.kind == .decision || reader.kind == .outcome
    while let field = try? reader.next() {
      // The three kinds of records share this tag.
      if field.tag == DecisionRecord.timeTag {
        time = WallTime(microseconds: (try? field.integer()) ?? 0)
      }
      let value = unsafe field.raw
      switch reader.kind {
      case .decision: unsafe Self.take(decision: field.tag, value, body)
      case .outcome: unsafe Self.take(outcome: field.tag, value, body)
      default: continue
      }
    }
  }

  /// The terms of a decision's field.
  private static func take(
    decision tag: UInt8, _ value: UnsafeRawBufferPointer, _ body: (SearchTerm) -> Void
  ) {
    switch tag {
    case DecisionRecord.idTag: unsafe body(SearchTerm(.decision, value))
    case DecisionRecord.patientTokenTag: unsafe body(SearchTerm(.patient, value))
    case DecisionRecord.subjectTokenTag: unsafe body(SearchTerm(.subject, value))
    case DecisionRecord.tenantTag: unsafe body(SearchTerm(.tenant, value))
    case DecisionRecord.regionTag: unsafe body(SearchTerm(.region, value))
    case DecisionRecord.dataClassTag: unsafe body(SearchTerm(.dataClass, value))
    case DecisionRecord.verdictTag:
      if unsafe value.elementsEqual(Verdict.permit.word.utf8) { return }
      unsafe body(SearchTerm(.refusal, value))
      body(SearchTerm(.refusal, ""))
    default: return
    }
  }

  /// The terms of an outcome's field.
  private static func take(
    outcome tag: UInt8, _ value: UnsafeRawBufferPointer, _ body: (SearchTerm) -> Void
  ) {
    switch tag {
    case OutcomeRecord.idTag: unsafe body(SearchTerm(.decision, value))
    case OutcomeRecord.regionTag: unsafe body(SearchTerm(.region, value))
    default: return
    }
  }
}
