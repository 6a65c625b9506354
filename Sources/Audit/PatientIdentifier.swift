/// A patient's id inside a record: up to 64 bytes, kept in place so that copying allocates nothing.
@safe
public struct PatientIdentifier: Sendable {
  private var storage = InlineArray<64, UInt8>(repeating: 0)
  /// How many bytes it has; 0 when there is no patient.
  public private(set) var byteCount = 0

  /// No patient.
  public init() {}

  /// Copies an id; nil when it is longer than FHIR allows.
  @inline(__always)
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count <= AuditLimits.patientBytesMax else { return nil }
    for index in 0..<bytes.count { storage[index] = unsafe bytes[index] }
    byteCount = bytes.count
  }

  /// Hands the bytes to `body`; the pointer is valid inside `body` only.
  @inline(__always)
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    unsafe withUnsafeBytes(of: storage) {
      unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<byteCount]))
    }
  }

  /// The id as text.
  public var string: String {
    String(decoding: (0..<byteCount).map { storage[$0] }, as: UTF8.self)
  }
}

extension PatientIdentifier: Equatable {
  /// Compares the bytes; `InlineArray` has no `==` of its own.
  public static func == (left: PatientIdentifier, right: PatientIdentifier) -> Bool {
    left.byteCount == right.byteCount
      && (0..<left.byteCount).allSatisfy { left.storage[$0] == right.storage[$0] }
  }
}
