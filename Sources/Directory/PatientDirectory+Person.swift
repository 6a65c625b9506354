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
  /// Tells whom a change is about: the id's own key, and the person's.
  func tell(_ change: DirectoryChange, _ changed: (PatientKey) -> Void) {
    let key =
      switch change {
      case .upsert(let key, _), .remove(let key), .merge(let key, _), .consent(let key, _): key
      }
    changed(key)
    if let person = resolve(key)?.key, person != key { changed(person) }
  }

  /// The key of the person behind an id, with merges followed; the id's own key for somebody
  /// unknown. Nil unless it has the length of an id.
  public func personKey(of id: UnsafeRawBufferPointer) -> PatientKey? {
    guard let key = unsafe key(of: id) else { return nil }
    return resolve(key)?.key ?? key
  }
}
