import Base
import Origins
import Testing

@Suite struct LatencyClassTests {
  /// What each kind of request can wait for.
  private static let rows: [(Operation, DataClass, LatencyClass)] = [
    (.search, .vitals, .alarm), (.read, .vitals, .alarm), (.search, .allergies, .alarm),
    (.read, .allergies, .alarm), (.history, .vitals, .chart), (.create, .vitals, .interactive),
    (.vread, .vitals, .interactive),
    (.read, .problems, .interactive), (.read, .demographics, .interactive),
    (.read, .reference, .interactive), (.vread, .orders, .interactive),
    (.search, .orders, .interactive), (.search, .medications, .interactive),
    (.update, .orders, .interactive), (.patch, .notes, .interactive),
    (.delete, .encounters, .interactive),
    (.search, .laboratory, .chart), (.search, .problems, .chart), (.read, .notes, .chart),
    (.search, .notes, .chart), (.history, .problems, .chart), (.search, .mixed, .chart),
    (.search, .behavioralHealth, .chart), (.operation, .demographics, .chart),
    (.capabilities, .reference, .chart), (.asset, .asset, .chart), (.unknown, .unknown, .chart),
    (.read, .unknown, .chart),
    (.export, .bulk, .bulk), (.export, .vitals, .bulk), (.search, .bulk, .bulk),
    (.batch, .vitals, .bulk), (.transaction, .orders, .bulk), (.read, .imaging, .bulk),
    (.search, .imaging, .bulk), (.search, .audit, .bulk), (.create, .bulk, .bulk),
  ]

  @Test(arguments: rows)
  func requestsHaveTheClassOfWhoWaits(_ row: (Operation, DataClass, LatencyClass)) {
    #expect(LatencyClass(row.0, row.1) == row.2)
  }

  /// Nothing that moves much data, and nothing that is not known to be urgent, is an alarm.
  @Test func onlyKnownReadsAreAlarms() {
    for operation in Operation.allCases {
      for dataClass in DataClass.allCases where LatencyClass(operation, dataClass) == .alarm {
        #expect(operation == .read || operation == .search)
        #expect(dataClass == .vitals || dataClass == .allergies)
      }
    }
  }

  @Test func urgencyIsAnOrder() {
    #expect(LatencyClass.allCases.sorted() == [.alarm, .interactive, .chart, .bulk])
  }
}
