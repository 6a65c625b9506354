import Testing

@testable import Simulation

/// One row of the fault matrix: a fault, what is required under it, and the scenario that shows it.
struct FaultRow: Sendable, CustomTestStringConvertible {
  /// Its number in the matrix.
  let number: Int
  /// What goes wrong.
  let fault: String
  /// What is required.
  let required: String
  /// Shows it; nil where the present system does not have what the row is about.
  let check: (@Sendable () throws -> Void)?
  /// Who has it, or would; empty for a row that is shown here.
  let elsewhere: String

  /// A row that a scenario shows.
  init(
    _ number: Int, _ fault: String, _ required: String,
    _ check: @escaping @Sendable () throws -> Void
  ) {
    self.number = number
    self.fault = fault
    self.required = required
    self.check = check
    elsewhere = ""
  }

  /// A row that is not shown here.
  init(_ number: Int, _ fault: String, _ required: String, elsewhere: String) {
    self.number = number
    self.fault = fault
    self.required = required
    check = nil
    self.elsewhere = elsewhere
  }

  var testDescription: String { "row \(number): \(fault): \(required)" }
}

/// The fault matrix, whole.
enum FaultMatrix {
  static let rows =
    connections + answers + freshness + edges + stores + operators

  static let shown = rows.filter { $0.check != nil }
}

@Suite struct FaultMatrixTests {
  @Test func everyRowIsShownOrExcused() {
    #expect(FaultMatrix.rows.map(\.number).sorted() == Array(1...48))
    for row in FaultMatrix.rows where row.check == nil {
      #expect(!row.elsewhere.isEmpty)
      print("row \(row.number) (\(row.fault)) is not shown here: \(row.elsewhere)")
    }
    print("matrix: \(FaultMatrix.shown.count) of 48 rows are shown by scenarios")
  }

  @Test(arguments: FaultMatrix.shown)
  func rowHolds(row: FaultRow) throws { try row.check?() }
}
