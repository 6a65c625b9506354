public import Base

/// What the labels and codes of an answer say so far.
public struct LabelSummary: Equatable, Sendable {
  /// The highest confidentiality. `unknown` when nothing higher was found and a label is not known.
  public internal(set) var sensitivity = Sensitivity.normal
  /// The specially protected class; `mixed` for several, nil for none.
  public internal(set) var dataClass: DataClass?
  /// Resources met, in a Bundle and contained ones as well.
  public internal(set) var resourceCount = 0
  /// Labels met in `meta.security`.
  public internal(set) var labelCount = 0
  /// Whether a label raised the sensitivity.
  public internal(set) var isLabelled = false
  /// Whether a code (`Condition.code` and the like) raised it: the answer may be badly labelled.
  public internal(set) var isCoded = false
  /// Whether a confidentiality or sensitivity label is one that the catalogue does not know.
  public internal(set) var hasUnknownLabel = false

  /// Makes the summary of an empty answer.
  public init() {}

  /// Takes a specially protected row into account.
  mutating func raise(_ row: TokenRow) {
    if row.sensitivity.rank > sensitivity.rank { sensitivity = row.sensitivity }
    guard let named = row.dataClass else { return }
    dataClass = dataClass == nil || dataClass == named ? named : .mixed
  }

  /// Class and sensitivity to ask policy with again; nil when the answer is what was assumed.
  public func escalation(
    over assumed: Classification
  ) -> (dataClass: DataClass, sensitivity: Sensitivity)? {
    guard sensitivity != .normal else { return nil }
    let isHigher = sensitivity.rank > assumed.sensitivity.rank
    let level = isHigher ? sensitivity : assumed.sensitivity
    var named = dataClass ?? assumed.dataClass
    if assumed.dataClass.isSpecial, named != assumed.dataClass { named = .mixed }
    return level == assumed.sensitivity && named == assumed.dataClass ? nil : (named, level)
  }
}

/// Reads a FHIR answer (JSON or NDJSON) as it passes and finds what it is labelled.
///
/// Feed it the body's pieces, cut anywhere; ask `summary` at any time. It only ever rises. Memory:
/// `ClinicalLimits.jsonDepthMax` small frames and one short string, whatever the answer's size. A
/// body that is no FHIR JSON gives a `fault`: what it holds is then not known. Labels are taken
/// from every `meta.security` (DS4P's high-water mark on the Bundle included). One owner.
public struct ResponseLabels {
  private var scanner = JSONScanner(textBytesMax: ClinicalLimits.labelTextBytesMax)
  private var sink: LabelSink

  /// Makes a reader with the catalogue of `classifier`.
  public init(_ classifier: Classifier) { sink = LabelSink(tables: classifier.tables) }

  /// Makes a reader for an answer with this `Content-Type`; nil when it holds nothing that can be
  /// read.
  public init?(_ classifier: Classifier, contentType: UnsafeRawBufferPointer) {
    let format = unsafe BodyFormat(ByteView(contentType))
    guard format == .json || format == .lines else { return nil }
    self.init(classifier)
    scanner.takesMany = format == .lines
  }

  /// What was found so far.
  public var summary: LabelSummary { sink.summary }

  /// Why the answer cannot be judged; nil while it can.
  public var fault: JSONFault? { scanner.fault }

  /// Starts with another answer; `isLines` for NDJSON.
  public mutating func reset(isLines: Bool = false) {
    scanner.reset()
    scanner.takesMany = isLines
    sink.reset()
  }

  /// Reads the next piece; the bytes need to live during the call only.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    unsafe scanner.feed(bytes, into: &sink)
  }

  /// Says that the answer is complete.
  public mutating func finish() { scanner.finish(into: &sink) }
}

/// Finds labels and codes in a document, wherever they stand.
struct LabelSink: JSONSink {
  /// What an open object or array is.
  private enum Role: UInt8 { case other, meta, security, label }

  /// A member whose value matters.
  private enum Member: UInt8 { case other, meta, security, system, code, resourceType }

  /// One open object or array.
  private struct Frame {
    var role = Role.other
    var isArray = false
    var coding = CodingFrame()
  }

  let tables: ClassifierTables
  private(set) var summary = LabelSummary()
  private var frames = InlineArray<65, Frame>(repeating: Frame())
  private var depth = 0
  private var member = Member.other

  init(tables: ClassifierTables) { self.tables = tables }

  var isStopped: Bool { false }

  /// Forgets everything.
  mutating func reset() {
    summary = LabelSummary()
    depth = 0
    member = .other
    frames[0] = Frame()
  }

  mutating func begin(isArray: Bool) {
    let outer = frames[depth]
    var role = Role.other
    if outer.isArray {
      role = outer.role == .security ? (isArray ? .security : .label) : .other
    } else if member == .meta, !isArray {
      role = .meta
    } else if member == .security, outer.role == .meta {
      role = isArray ? .security : .label
    }
    depth += 1
    frames[depth] = Frame(role: role, isArray: isArray)
    member = .other
  }

  mutating func end(isArray: Bool) {
    let frame = frames[depth]
    depth -= 1
    member = .other
    guard !isArray else { return }
    if frame.role == .label {
      endLabel(frame.coding)
    } else if let row = frame.coding.row(tables), row.isSpecial {
      summary.raise(row)
      summary.isCoded = true
    }
  }

  /// A label is complete.
  private mutating func endLabel(_ coding: CodingFrame) {
    summary.labelCount += 1
    if let row = coding.label(tables) {
      summary.raise(row)
      summary.isLabelled = true
      return
    }
    switch coding.system {
    case .known(CodeSystem.confidentiality.rawValue) where !coding.isOrdinary,
      .known(CodeSystem.actCode.rawValue):
      summary.hasUnknownLabel = true
      if summary.sensitivity == .normal { summary.sensitivity = .unknown }
    default: break
    }
  }

  mutating func key(_ text: JSONText) {
    member = .other
    guard text.isWhole else { return }
    switch text.bytes.count {
    case 4:
      if text.bytes.equals("code") { member = .code }
      if text.bytes.equals("meta") { member = .meta }
    case 6: if text.bytes.equals("system") { member = .system }
    case 8: if text.bytes.equals("security") { member = .security }
    case 12: if text.bytes.equals("resourceType") { member = .resourceType }
    default: break
    }
  }

  mutating func wantsString() -> Bool {
    !frames[depth].isArray && (member == .code || member == .system)
  }

  mutating func string(_ text: JSONText) {
    guard !frames[depth].isArray else { return }
    switch member {
    case .code:
      // A second `code` in one object does not hide the first.
      if frames[depth].coding.code != .missing { settle() }
      frames[depth].coding.setCode(text, tables)
    case .system:
      if frames[depth].coding.system != .missing { settle() }
      frames[depth].coding.setSystem(text, tables)
    case .resourceType: summary.resourceCount += 1
    default: break
    }
    member = .other
  }

  /// Lets the coding at hand count before a member of it is said again.
  private mutating func settle() {
    let frame = frames[depth]
    let row = frame.role == .label ? frame.coding.label(tables) : frame.coding.row(tables)
    if let row, row.isSpecial {
      summary.raise(row)
      summary.isLabelled = summary.isLabelled || frame.role == .label
      summary.isCoded = summary.isCoded || frame.role != .label
    }
  }

  mutating func scalar() { member = .other }
}
