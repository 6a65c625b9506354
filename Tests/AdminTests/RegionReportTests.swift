import Base
import Origins
import Testing

@testable import Admin

/// What an edge sees, between processes.
@Suite struct RegionReportTests {
  private static func report(
    west: Reach = .healthy, at time: UInt64 = 7
  ) throws -> RegionReport {
    let topology = try Topology.make(
      regionNames: ["west", "east"],
      definitions: [
        EndpointDefinition(
          name: "west-1", regionName: "west", tier: .primary, host: "127.0.0.1", port: 1),
        EndpointDefinition(
          name: "east-1", regionName: "east", tier: .replica, host: "127.0.0.1", port: 2),
      ])
    var primary = EndpointStatus(at: Instant(nanoseconds: 0))
    primary.reach = west
    primary.role = .primary(epoch: 1)
    primary.freshness = .fresh
    primary.reportedLagMilliseconds = 0
    var replica = EndpointStatus(at: Instant(nanoseconds: 0))
    replica.reach = .down
    replica.homeLagsMilliseconds = [40, nil]
    replica.lastFailure = .probe(.timeout)
    primary.load.take(960, askedAt: Instant(nanoseconds: 0), limits: OriginLimits())
    var board = TrafficBoard()
    board.take(
      [EndpointTraffic(name: "west-1", startedCount: 25, failedCount: 1, inFlightCount: 2)],
      loop: 0, at: Instant(nanoseconds: 5_000_000_000))
    return RegionReport(
      HealthSnapshot(
        number: 1, topology: topology, statuses: [primary, replica], epochs: [1, nil],
        sampleAgeMillisecondsMax: 1_000), board, process: 9,
      at: Instant(nanoseconds: 5_000_000_000),
      WallTime(microseconds: time))
  }

  @Test func aReportSurvivesItsFile() throws {
    let report = try Self.report()
    #expect(report.servers.map { $0.isFit(as: .primary) } == [true, false])
    #expect(report.servers.map { $0.isFit(as: .replica) } == [false, false])
    #expect(report.servers.map(\.epoch) == [1, nil])
    #expect(report.servers.map(\.isDown) == [false, true])
    #expect(report.servers.map(\.lag) == [0, nil])
    #expect(report.servers.map(\.copies) == [[], ["west"]])
    #expect(report.servers.map(\.failure) == ["", "probe: timeout"])
    #expect(report.servers.map(\.seconds) == [5, 5])
    #expect(report.servers.map(\.load) == [960, nil])
    #expect(report.servers.map(\.isSaturated) == [true, false])
    #expect(report.servers.map(\.traffic.tenthsPerSecond) == [50, 0])
    #expect(report.servers.map(\.traffic.failureCount) == [1, 0])
    let again = try #require(RegionReport(report.bytes))
    #expect(again.servers == report.servers)
    #expect(again.time == report.time && again.process == report.process)
  }

  /// Edges that share a folder: most of them decide, the worse half where they are as many.
  @Test(
    arguments: [
      ([.healthy], "healthy"), ([.down, .healthy, .healthy], "healthy"),
      ([.down, .down, .healthy], "down"), ([.healthy, .down], "down"),
      ([.down, .healthy], "down"), ([.suspect, .healthy, .down], "suspect"),
    ] as [([Reach], String)])
  func reportsAreJoined(_ views: [Reach], _ expected: String) throws {
    let reports = try views.enumerated().map {
      try Self.report(west: $0.element, at: UInt64($0.offset) + 1)
    }
    let joined = try #require(RegionReport(joining: reports))
    #expect(joined.servers.map(\.name) == ["west-1", "east-1"])
    #expect(joined.servers[0].reach == expected)
    #expect(joined.servers[1].reach == "down")
    #expect(joined.servers[0].traffic.tenthsPerSecond == 50 * views.count)
    #expect(joined.time == WallTime(microseconds: UInt64(views.count)))
    #expect(RegionReport(joining: []) == nil)
  }

  /// Anybody who can write the folder can write any number there.
  @Test(arguments: ["9223372036854775807", "9007199254740993", "-1"])
  func aCountOfNoWorldIsNone(_ count: String) throws {
    let text = String(decoding: try Self.report().bytes, as: UTF8.self)
    for new in ["\t\(count)\t2\t1\t", "\t50\t\(count)\t1\t", "\t50\t2\t\(count)\t"] {
      let changed = text.replacing("\t50\t2\t1\t", with: new)
      #expect(changed != text && RegionReport(Array(changed.utf8)) == nil)
    }
  }

  @Test func aSumOfTrafficHasAnEnd() {
    var traffic = Traffic()
    traffic.tenthsPerSecond = .max - 1
    for _ in 0..<3 { traffic.add(traffic) }
    #expect(traffic.tenthsPerSecond == .max)
  }

  @Test func whatIsNoReportIsNone() throws {
    let bytes = try Self.report().bytes
    #expect(RegionReport([]) == nil)
    #expect(RegionReport(Array("homeward-edge\tx\t1\n".utf8)) == nil)
    #expect(RegionReport(Array(bytes.dropLast(9))) == nil)
    #expect(RegionReport(Array(bytes.dropFirst())) == nil)
  }
}
