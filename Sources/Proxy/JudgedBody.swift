internal import Base
internal import Clinical
internal import Directory
internal import HTTP
internal import Origins
internal import Policy

/// What a request's body adds to its head: facts, or why the request is refused.
///
/// Immutable, and shared by reference: most requests have none.
public final class JudgedBody: Sendable {
  /// What the directory knows of several patients together.
  struct Patients: Equatable, Sendable {
    /// The one region that is home to all; nil when one of them is not known.
    var home: RegionID?
    /// Where all of them reside.
    var residency = Place.unknown
    /// The least that any of them consents to.
    var consent = Consent.unknown
    /// The marks of all of them.
    var flags = PatientFlags()
  }

  /// What head and body say; `patient` as `.one` means `patientText` where there is one.
  let classification: Classification
  /// The one patient, when the body was read.
  let patientText: PatientText?
  /// What is known of several patients; nil unless there are several.
  let patients: Patients?
  /// Why the request is refused, whatever the policy says.
  let refusal: Refusal?
  /// The entry of a Bundle for which that is so.
  let refusedEntry: Int?
  /// Whether nothing stored can change.
  let isReadOnly: Bool
  /// The types that entries of a Bundle may change; nil when that is not known.
  let writtenTypes: [ResourceType]?

  /// A body that was not read, with what is assumed for want of it.
  init(_ classification: Classification, refusal: Refusal? = nil) {
    self.classification = classification
    self.refusal = refusal
    patientText = nil
    patients = nil
    refusedEntry = nil
    isReadOnly = false
    writtenTypes = nil
  }

  /// A body that was read; `scan` is the one that gave `verdict`.
  init(_ verdict: BodyVerdict, _ scan: borrowing BodyScan, _ snapshot: Snapshot) {
    classification = verdict.classification
    patientText = verdict.patientText
    refusedEntry = verdict.refusedEntry
    isReadOnly = verdict.isReadOnly
    writtenTypes = verdict.writtenTypes
    guard classification.patient == .several, classification.refusal == nil else {
      patients = nil
      refusal = nil
      return
    }
    let joined = Self.join(scan, snapshot)
    patients = joined
    refusal = joined == nil ? .severalPatients : nil
  }

  /// What the directory knows of all patients of a scan; nil when they live in two homes.
  private static func join(_ scan: borrowing BodyScan, _ snapshot: Snapshot) -> Patients? {
    guard let directory = snapshot.directory else { return Patients() }
    var all: Patients?
    let home = unsafe scan.home { id -> RegionID? in
      guard let patient = unsafe directory.lookup(id) else {
        all = all ?? Patients()
        all?.residency = .unknown
        if all?.consent != .withdrawn { all?.consent = .unknown }
        return nil
      }
      guard var known = all else {
        all = Patients(
          residency: patient.residency, consent: patient.consent, flags: patient.flags)
        return snapshot.home(of: patient)
      }
      known.flags.formUnion(patient.flags)
      if known.residency != patient.residency { known.residency = .unknown }
      if patient.consent == .withdrawn {
        known.consent = .withdrawn
      } else if known.consent != patient.consent, known.consent != .withdrawn {
        known.consent = .unknown
      }
      all = known
      return snapshot.home(of: patient)
    }
    switch home {
    case .several: return nil
    case .one(let region): all?.home = region
    case .none, .unknown: break
    }
    return all ?? Patients()
  }
}

extension Decision {
  /// Calls `body` with the id of the one patient concerned, wherever it was read; nil without one.
  @inline(__always)
  func withPatient<Result>(
    _ head: borrowing RequestHead, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result? {
    guard case .one(let range) = classification.patient else { return nil }
    if let text = self.body?.patientText { return unsafe text.withBytes(body) }
    return unsafe head.target.withUnsafeBytes { target in
      unsafe body(UnsafeRawBufferPointer(rebasing: target[range]))
    }
  }

  /// What may hold such a record of such a patient is treated as one.
  mutating func protect(_ flags: PatientFlags) {
    guard classification.mayContainRestricted,
      let protected = flags.protectedClass(insteadOf: classification.dataClass)
    else { return }
    facts.dataClass = protected
    facts.sensitivity = .restricted
  }
}
