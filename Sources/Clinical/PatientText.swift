/// A patient's id, copied out of a body. A value without memory of its own; never printed.
public struct PatientText: Equatable, Sendable {
  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  /// How many bytes the id has.
  public private(set) var count = 0

  /// Copies `id`; nil when it is no FHIR id.
  init?(_ id: ByteView) {
    guard id.isID else { return nil }
    for index in 0..<id.count { bytes[index] = id[index] }
    count = id.count
  }

  /// Calls `body` with the id's bytes, which live during the call only.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe bytes.span.withUnsafeBytes { all in
      unsafe body(UnsafeRawBufferPointer(rebasing: all[0..<count]))
    }
  }

  /// Whether both are the same id.
  public static func == (left: PatientText, right: PatientText) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.bytes[index] != right.bytes[index] { return false }
    return true
  }
}

/// The different patients that one body names: at most `ClinicalLimits.bodyPatientsMax`, each with
/// a bit of its own.
struct PatientSet {
  /// The patients, in the order in which they came.
  private(set) var patients: [PatientText] = []
  /// Whether there were more than there is room for.
  private(set) var isOverfull = false

  /// Forgets everybody; keeps the memory.
  mutating func removeAll() {
    patients.removeAll(keepingCapacity: true)
    isOverfull = false
  }

  /// The bit of a patient; zero when there is no room for another one.
  mutating func bit(of patient: PatientText) -> UInt64 {
    if let index = patients.firstIndex(of: patient) { return 1 << UInt64(index) }
    guard patients.count < ClinicalLimits.bodyPatientsMax else {
      isOverfull = true
      return 0
    }
    patients.append(patient)
    return 1 << UInt64(patients.count - 1)
  }
}

/// The home of all patients of one request.
public enum JointHome<Home: Equatable & Sendable>: Equatable, Sendable {
  /// No patient is concerned.
  case none
  /// One region is home to all.
  case one(Home)
  /// Two homes: the request must be refused, regions are never merged.
  case several
  /// A patient is not known, or the request does not say who all are.
  case unknown
}
