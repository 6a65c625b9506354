public import Base

/// What the directory knows about one patient.
public struct PatientEntry: Equatable, Sendable {
  /// Index of the home region in `PatientDirectory.homeNames`; `homeUnknown` when it is not known.
  public var homeIndex: UInt8
  /// Where the patient lives, for residency rules; `Place.unknown` when it is not known.
  public var residency: Place
  /// The patient's consent to disclosure.
  public var consent: Consent
  /// Marks that policy may ask for.
  public var flags: PatientFlags

  /// The index that stands for no known home.
  public static let homeUnknown = UInt8.max

  /// Makes an entry.
  public init(homeIndex: UInt8, residency: Place, consent: Consent, flags: PatientFlags) {
    self.homeIndex = homeIndex
    self.residency = residency
    self.consent = consent
    self.flags = flags
  }

  /// An entry that knows nothing but a consent.
  static func nothing(but consent: Consent) -> PatientEntry {
    PatientEntry(homeIndex: homeUnknown, residency: .unknown, consent: consent, flags: [])
  }

  /// What remains true of the person when `other`, an older record, is merged into this one: its
  /// sensitive marks stay, and so does a withdrawn consent.
  func absorbing(_ other: PatientEntry) -> PatientEntry {
    var entry = self
    entry.flags.formUnion(other.flags.intersection(.sensitive))
    if other.consent == .withdrawn { entry.consent = .withdrawn }
    return entry
  }
}

/// Marks of one patient.
public struct PatientFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16

  /// Makes the set with these bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Records of a programme under 42 CFR Part 2 exist.
  public static let part2 = PatientFlags(rawValue: 1)
  /// A person whose record attracts the curious.
  public static let vip = PatientFlags(rawValue: 2)
  /// Works for the organisation.
  public static let employee = PatientFlags(rawValue: 4)
  /// Has died.
  public static let deceased = PatientFlags(rawValue: 8)
  /// Was merged into another record; this id must not be written.
  public static let merged = PatientFlags(rawValue: 16)
  /// Psychotherapy notes or other behavioural-health records exist.
  public static let behavioral = PatientFlags(rawValue: 32)
  /// Records of sexual or reproductive health exist that the law protects.
  public static let reproductive = PatientFlags(rawValue: 64)

  /// The marks that a merge carries over to the survivor.
  static let sensitive: PatientFlags = [.part2, .vip, .employee, .behavioral, .reproductive]

  /// The protected class that a request counts as which may bring such records of this person; nil
  /// when the marks change nothing. With several marks 42 CFR Part 2 goes first, for it is the
  /// strictest; after it a class that the request names itself stays.
  public func protectedClass(insteadOf named: DataClass) -> DataClass? {
    if contains(.part2) { return .substanceUse }
    switch named {
    case .behavioralHealth, .substanceUse, .reproductiveHealth: return nil
    default: break
    }
    if contains(.behavioral) { return .behavioralHealth }
    return contains(.reproductive) ? .reproductiveHealth : nil
  }

  /// All marks that have a meaning.
  static let known = PatientFlags(rawValue: 127)

  /// The words that files use, in the order of the bits.
  public static let words: [(StaticString, PatientFlags)] = [
    ("part2", .part2), ("vip", .vip), ("employee", .employee), ("deceased", .deceased),
    ("merged", .merged), ("behavioral", .behavioral), ("reproductive", .reproductive),
  ]
}
