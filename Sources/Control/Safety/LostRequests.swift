internal import Base
internal import Policy

/// Requests that lose their targets, put into a few words.
struct LostRequests: CustomStringConvertible {
  private let rows: [ServiceRow]
  private let names: [String]

  /// For rows whose homes are indices of `names`.
  init(_ rows: [ServiceRow], _ names: [String]) {
    self.rows = rows
    self.names = names
  }

  /// `read, search of medications, orders of home `us-west`, and 3 more kinds of requests would
  /// lose their last lawful target`.
  var description: String {
    // The home that loses most is the one that the act is about.
    let sameHome =
      Dictionary(grouping: rows, by: \.home).values
      .max { ($0.count, $1[0].index) < ($1.count, $0[0].index) } ?? []
    guard let first = sameHome.first else { return "nothing" }
    let operations = unique(
      sameHome.filter { $0.dataClass == first.dataClass }.map(\.operation.rawValue))
    let classes = unique(
      sameHome.filter { $0.operation == first.operation }.map(\.dataClass.rawValue))
    let home = first.home.map { "home `\(names[Int($0.index)])`" } ?? "no known home"
    let count = rows.count
    return "\(list(operations)) of \(list(classes)) of \(home) would lose the last lawful target"
      + (count > 1 ? " (\(count) combinations of home, class and operation in all)" : "")
  }

  private func unique(_ words: [String]) -> [String] {
    words.enumerated().filter { words.firstIndex(of: $0.element) == $0.offset }.map(\.element)
  }

  private func list(_ words: [String]) -> String {
    words.prefix(4).joined(separator: ", ")
      + (words.count > 4 ? " and \(words.count - 4) more" : "")
  }
}

extension ServiceRow {
  /// The home's index; the region bound without one.
  fileprivate var index: Int { home.map { Int($0.index) } ?? 64 }
}
