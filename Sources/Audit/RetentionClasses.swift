public import Base

/// How long records of one kind are kept, and which they are.
public struct RetentionClass: Equatable, Sendable {
  /// Its name, in folders and origins: lower-case letters, digits and `-`.
  public var name: String
  /// Days that a log is kept after its month; 0 when nothing was said: it never expires.
  public var keepDays: UInt32
  /// Decisions on these data classes belong to it, with their outcomes.
  public var dataClasses: [DataClass]
  /// Events of these kinds belong to it.
  public var kinds: [RecordKind]

  /// Makes a class.
  public init(
    name: String, keepDays: UInt32 = 0, dataClasses: [DataClass] = [], kinds: [RecordKind] = []
  ) {
    precondition(Self.isName(name), "not the name of a class")
    self.name = name
    self.keepDays = keepDays
    self.dataClasses = dataClasses
    self.kinds = kinds
  }

  /// Whether `name` can stand in folders (dots part their names) and origins (slashes theirs).
  public static func isName(_ name: some StringProtocol) -> Bool {
    (1...32).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
      }
  }

  /// The events that may be given a class; the others describe a log and stand in each.
  public static let assignableKinds: [RecordKind] = [
    .policyLoad, .configurationLoad, .operatorAction, .keyEvent,
  ]
}

/// The retention classes of one edge; each has a log of its own. Immutable.
public struct RetentionClasses: Equatable, Sendable {
  /// The classes; the first one takes what no other names.
  public let classes: [RetentionClass]
  /// By data class: the index of the class, where that is not the first.
  private let byDataClass: [DataClass: Int]
  /// The same by kind of event.
  private let byKind: [RecordKind: Int]

  /// One class for everything, as long as nothing else is configured.
  public static let standard = RetentionClasses([RetentionClass(name: LogName.clinical)])

  /// Makes the table; names and assignments are unique.
  public init(_ classes: [RetentionClass]) {
    precondition(
      (1...AuditLimits.retentionClassCountMax).contains(classes.count), "too many classes, or none")
    precondition(Set(classes.map(\.name)).count == classes.count, "two classes of one name")
    self.classes = classes
    func table<Word: Hashable>(_ words: (RetentionClass) -> [Word]) -> [Word: Int] {
      var table: [Word: Int] = [:]
      for (index, one) in classes.enumerated() where index > 0 {
        for word in words(one) {
          precondition(table.updateValue(index, forKey: word) == nil, "assigned to two classes")
        }
      }
      return table
    }
    byDataClass = table(\.dataClasses)
    byKind = table(\.kinds)
  }

  /// How many there are.
  public var count: Int { classes.count }

  /// The class of a decision on this data class, and of its outcome.
  @inline(__always)
  public func index(of dataClass: DataClass) -> Int {
    classes.count == 1 ? 0 : byDataClass[dataClass] ?? 0
  }

  /// The class of an event; nil for one that stands in every log.
  public func index(of kind: RecordKind) -> Int? {
    RetentionClass.assignableKinds.contains(kind) ? byKind[kind] ?? 0 : nil
  }
}

/// One value for each retention class, in place.
struct PerClass<Value: Sendable>: Sendable {
  private var storage: InlineArray<8, Value>

  /// The same for all.
  init(repeating value: Value) {
    storage = InlineArray(repeating: value)
    precondition(storage.count == AuditLimits.retentionClassCountMax, "the bound has moved")
  }

  /// The value of a class.
  subscript(index: Int) -> Value {
    @inline(__always) get { storage[index] }
    @inline(__always) set { storage[index] = newValue }
  }
}
