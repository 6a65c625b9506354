import Base
import Origins
import Testing

@Suite struct WriteLeaseTests {
  /// A lease that was renewed at zero for the records of revision 3.
  private func renewed() -> WriteLease {
    var lease = WriteLease()
    lease.renew(readAt: at(0), revision: 3)
    return lease
  }

  private func begins(
    _ lease: inout WriteLease, _ domain: String, hasRecord: Bool, revision: Int, at now: Instant
  ) -> Bool { lease.begin(domain, hasRecord: hasRecord, revision: revision, at: now) }

  @Test(arguments: [(0, true), (4_999, true), (5_000, false), (30_000, false)])
  func aWriteStartsOnlyWhileTheReadIsYoung(_ milliseconds: UInt64, _ mayStart: Bool) {
    var lease = renewed()
    #expect(begins(&lease, "west", hasRecord: true, revision: 3, at: at(milliseconds)) == mayStart)
    #expect(lease.writes == (mayStart ? ["west": 1] : [:]))
    // Without a record there is nothing to hold a lease on.
    #expect(begins(&lease, "east", hasRecord: false, revision: 3, at: at(milliseconds)))
  }

  @Test func aLoopThatFollowsOtherRecordsStartsNothing() {
    var lease = renewed()
    for hasRecord in [true, false] {
      #expect(!begins(&lease, "west", hasRecord: hasRecord, revision: 2, at: at(1)))
      #expect(!begins(&lease, "west", hasRecord: hasRecord, revision: 4, at: at(1)))
    }
    lease.sees(4)
    #expect(!begins(&lease, "west", hasRecord: true, revision: 3, at: at(1)))
    #expect(begins(&lease, "west", hasRecord: true, revision: 4, at: at(1)))
  }

  @Test func aLeaseThatWasNeverRenewedCoversNoRecord() {
    var lease = WriteLease()
    #expect(!begins(&lease, "west", hasRecord: true, revision: 0, at: at(0)))
    #expect(begins(&lease, "west", hasRecord: false, revision: 0, at: at(0)))
  }

  @Test func anOlderReadDoesNotShortenIt() {
    var lease = renewed()
    lease.renew(readAt: at(2_000), revision: 3)
    lease.renew(readAt: at(1_000), revision: 3)
    #expect(lease.isValid(at: at(6_999)))
    #expect(!lease.isValid(at: at(7_000)))
  }

  @Test func writesUnderWayAreCounted() {
    var lease = renewed()
    for _ in 0..<3 { #expect(begins(&lease, "west", hasRecord: true, revision: 3, at: at(1))) }
    lease.end("west")
    #expect(lease.writes == ["west": 2])
    lease.end("west")
    lease.end("west")
    #expect(lease.writes.isEmpty)
  }

  /// An edge, a store and a coordinator in all orders of their steps, time in seconds: the edge never
  /// starts a write once the fence has held. More edges add nothing, since none sees another.
  @Test func noInterleavingWritesBehindAFence() {
    struct Model: Hashable {
      var now: UInt64 = 0
      /// The record's revision in the store: 1 before the fence, 2 after it.
      var revision = 1
      var committedAt: UInt64?
      var isFenced = false
      /// What each edge has read last and when, what its loop follows, and its writes under way
      /// with what it told of that.
      var edges = [Edge()]
    }
    struct Edge: Hashable {
      var readAt: UInt64 = 0
      var read = 1
      var followed = 1
      var writes = 0
      var told = 1
      var toldWrites = 0
    }
    func lease(_ edge: Edge) -> WriteLease {
      var lease = WriteLease()
      lease.renew(readAt: at(edge.readAt * 1_000), revision: edge.read)
      for _ in 0..<edge.writes {
        _ = lease.begin("west", hasRecord: false, revision: edge.read, at: at(0))
      }
      return lease
    }
    var frontier: Set = [Model()]
    var seen = frontier
    var fencedCount = 0
    while let model = frontier.popFirst() {
      var next: [Model] = []
      for index in model.edges.indices {
        let edge = model.edges[index]
        var reads = model
        // A read that found the record, and the registration after it.
        reads.edges[index].readAt = model.now
        reads.edges[index].read = model.revision
        next.append(reads)
        var tells = model
        tells.edges[index].told = edge.read
        tells.edges[index].toldWrites = edge.writes
        next.append(tells)
        var follows = model
        follows.edges[index].followed = edge.read
        next.append(follows)
        var lease = lease(edge)
        if edge.writes == 0, edge.followed == 1,
          lease.begin("west", hasRecord: true, revision: 1, at: at(model.now * 1_000))
        {
          #expect(!model.isFenced, "a write started behind the fence: \(model)")
          var writes = model
          writes.edges[index].writes = 1
          next.append(writes)
        }
        if edge.writes > 0 {
          var ends = model
          ends.edges[index].writes = 0
          next.append(ends)
        }
      }
      if model.now < 9 {
        var later = model
        later.now += 1
        next.append(later)
      }
      if model.revision == 1 {
        var fences = model
        fences.revision = 2
        fences.committedAt = model.now
        next.append(fences)
      }
      if let committedAt = model.committedAt, !model.isFenced {
        let areIdle = model.edges.allSatisfy { $0.told == 2 && $0.toldWrites == 0 }
        if areIdle || model.now >= committedAt + 7 {
          var fenced = model
          fenced.isFenced = true
          fencedCount += 1
          // An acknowledged edge has nothing under way; one whose lease ran out may: its origin is
          // fenced by other means then.
          if areIdle { #expect(model.edges.allSatisfy { $0.writes == 0 }, "\(model)") }
          next.append(fenced)
        }
      }
      for model in next where seen.insert(model).inserted { frontier.insert(model) }
    }
    #expect(fencedCount > 1_000)
  }
}
