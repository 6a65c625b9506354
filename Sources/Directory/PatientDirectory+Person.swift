internal import Base

extension PatientKey {
  /// The key as bytes; nobody can tell the id from them.
  public var bytes: [UInt8] {
    [high, low].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }
  }
}

extension PatientDirectory {
  /// The key of the person behind an id, with merges followed; the id's own key for somebody
  /// unknown. Nil unless it has the length of an id.
  public func personKey(of id: UnsafeRawBufferPointer) -> PatientKey? {
    guard let key = unsafe key(of: id) else { return nil }
    return resolve(key)?.key ?? key
  }
}
