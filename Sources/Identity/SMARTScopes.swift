public import Base

/// The SMART on FHIR scopes of one token, versions 1 and 2, and what they cover.
///
/// Scopes of other kinds (`openid`, `launch`) say nothing about data. A granular scope, one with a
/// query part (`?category=`), covers searches that stay inside it, and nothing else: of a resource
/// that is read by its id nobody here knows the category.
/// <https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>
public struct SMARTScopes: Sendable, Equatable {
  /// For whose data a scope speaks.
  public enum Context: Sendable {
    /// The patient of the launch, and nobody else.
    case patient
    /// Whatever the user may see.
    case user
    /// A client without a user.
    case system
  }

  /// What may be done, as the letters of version 2.
  public struct Permissions: OptionSet, Sendable {
    /// A bit for each letter.
    public let rawValue: UInt8
    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The letter `c`.
    public static let create = Permissions(rawValue: 1)
    /// The letter `r`.
    public static let read = Permissions(rawValue: 2)
    /// The letter `u`.
    public static let update = Permissions(rawValue: 4)
    /// The letter `d`.
    public static let delete = Permissions(rawValue: 8)
    /// The letter `s`.
    public static let search = Permissions(rawValue: 16)
    /// The letters `cruds`.
    public static let all = Permissions(rawValue: 31)

    /// The letters of version 2 in their order, or a word of version 1; nil for anything else.
    init?(_ text: Substring) {
      switch text {
      case "read": self = [.read, .search]
      case "write": self = [.create, .update, .delete]
      case "*": self = .all
      default:
        let letters: [(Character, Permissions)] = [
          ("c", .create), ("r", .read), ("u", .update), ("d", .delete), ("s", .search),
        ]
        var rest = text
        self = []
        for (letter, permission) in letters where rest.first == letter {
          rest.removeFirst()
          insert(permission)
        }
        guard rest.isEmpty, !isEmpty else { return nil }
      }
    }
  }

  /// One scope that covers something.
  struct Scope: Sendable, Equatable {
    let context: Context
    /// The resource type's name; `*` is every type.
    let type: [UInt8]
    let permissions: Permissions
    /// Which resources of the type, when not all.
    var query: ScopeQuery?
  }

  private(set) var scopes: [Scope] = []

  /// Reads the scopes, of which each is a word of the token's `scope`.
  init(words: [Substring]) {
    for word in words.prefix(IdentityLimits.scopeCountMax) {
      if let scope = Self.scope(word) { scopes.append(scope) }
    }
  }

  /// The scopes that cover something, as version 2 writes them.
  public var words: [String] {
    scopes.map { scope in
      let letters = zip("cruds", [Permissions.create, .read, .update, .delete, .search])
        .filter { scope.permissions.contains($0.1) }.map { String($0.0) }.joined()
      let word = "\(scope.context)/\(String(decoding: scope.type, as: UTF8.self)).\(letters)"
      return scope.query.map { "\(word)?\($0)" } ?? word
    }
  }

  /// Reads one scope; nil when it covers nothing.
  private static func scope(_ word: Substring) -> Scope? {
    let parts = word.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2 else { return nil }
    let context: Context
    switch parts[0] {
    case "patient": context = .patient
    case "user": context = .user
    case "system": context = .system
    default: return nil
    }
    let halves = word.dropFirst(parts[0].utf8.count + 1)
      .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let names = halves[0].split(separator: ".", omittingEmptySubsequences: false)
    guard names.count == 2, let permissions = Permissions(names[1]), isType(names[0]) else {
      return nil
    }
    var scope = Scope(context: context, type: Array(names[0].utf8), permissions: permissions)
    guard halves.count == 2 else { return scope }
    // A parameter means something for each type of its own, and only version 2 has queries.
    guard names[0] != "*", !["read", "write", "*"].contains(names[1]),
      let query = ScopeQuery(halves[1])
    else { return nil }
    scope.query = query
    return scope
  }

  private static func isType(_ text: Substring) -> Bool {
    text == "*"
      || ((1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) })
  }

  /// Whether the scopes cover `operation` on resources of `type`, an empty name when the request
  /// concerns no single type. `isLaunchPatient` says whether the patient concerned is the token's;
  /// what concerns no patient counts as that.
  ///
  /// What a request does beyond one letter is covered by all of its letters: both kinds of history
  /// by `rs`, batches, transactions and operations by `cruds`, bulk data by `system/*.rs`.
  ///
  /// `query` is the request's, for a search about which nothing is unclear; nil keeps granular
  /// scopes from covering anything.
  public func cover(
    _ operation: Operation, type: StaticString, isLaunchPatient: Bool,
    query: UnsafeRawBufferPointer? = nil
  ) -> TokenScope {
    let needed: Permissions
    switch operation {
    case .capabilities: return .granted
    case .asset: return .unknown
    case .unknown: return .missing
    case .read, .vread: needed = .read
    case .search: needed = .search
    case .history, .export: needed = [.read, .search]
    case .create: needed = .create
    case .update, .patch: needed = .update
    case .delete: needed = .delete
    case .batch, .transaction, .operation: needed = .all
    }
    var found: Permissions = []
    for scope in scopes {
      if operation == .export, scope.context != .system || scope.type != Self.everyType { continue }
      if scope.context == .patient, !isLaunchPatient { continue }
      guard scope.covers(type) else { continue }
      guard let inside = scope.query else {
        found.formUnion(scope.permissions)
        continue
      }
      if operation == .search, let query = unsafe query, unsafe inside.contains(query) {
        found.formUnion(scope.permissions.intersection(.search))
      }
    }
    return found.isSuperset(of: needed) ? .granted : .missing
  }

  static let everyType: [UInt8] = [UInt8(ascii: "*")]
}

extension SMARTScopes.Scope {
  /// Whether the scope speaks of this type; an empty name needs a scope for every type.
  func covers(_ name: StaticString) -> Bool {
    if type == SMARTScopes.everyType { return true }
    guard type.count == name.utf8CodeUnitCount else { return false }
    for index in 0..<type.count where unsafe name.utf8Start[index] != type[index] { return false }
    return true
  }
}
