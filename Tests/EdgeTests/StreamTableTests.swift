import Base
import HTTP
import Reactor
import Testing

@testable import Edge

@Suite struct StreamTableTests {
  /// Makes exchanges that are under way on nobody's behalf.
  private struct Maker {
    let bench: EdgeBench
    let client: ClientConnection
    private let door: Door

    init() throws {
      bench = try EdgeBench()
      door = try Door(on: bench.worker.context.loop) { _, _ in }
      client = ClientConnection(
        worker: bench.worker, socket: try Socket.connect(to: door.address), peer: door.address,
        tls: nil)
    }

    func exchange(_ stream: StreamID) -> Exchange {
      let exchange = Exchange(worker: bench.worker)
      exchange.start(
        client: client, codec: HTTP1ServerCodec(limits: HTTPLimits(), isSecure: false),
        stream: stream, isEnd: true)
      return exchange
    }
  }

  @Test func findsWhatWasInserted() throws {
    let maker = try Maker()
    var table = StreamTable()
    #expect(table.count == 0 && table.find(StreamID(1)) == nil && table.areAllOver)
    let streams = [1, 3, 5, 7].map { StreamID($0) }
    let exchanges = streams.map(maker.exchange)
    for (stream, exchange) in zip(streams, exchanges) { table.insert(exchange, stream) }
    #expect(table.count == 4 && !table.areAllOver)
    for (stream, exchange) in zip(streams, exchanges) {
      #expect(table.find(stream) === exchange)
    }
    #expect(table.find(StreamID(2)) == nil)
    table.remove(StreamID(2))
    #expect(table.count == 4)
  }

  /// A dictionary referees random insertions and removals.
  @Test(arguments: 0..<10 as Range<UInt64>)
  func agreesWithADictionary(_ seed: UInt64) throws {
    let maker = try Maker()
    var random = SplitMix64(seed: seed)
    var table = StreamTable()
    var referee: [Int32: Exchange] = [:]
    for _ in 0..<300 {
      let stream = StreamID(Int32.random(in: 1...40, using: &random))
      if referee[stream.number] == nil, Bool.random(using: &random) {
        let exchange = maker.exchange(stream)
        table.insert(exchange, stream)
        referee[stream.number] = exchange
      } else {
        table.remove(stream)
        referee[stream.number] = nil
      }
      #expect(table.count == referee.count)
      let number = Int32.random(in: 1...40, using: &random)
      #expect(table.find(StreamID(number)) === referee[number], "seed \(seed)")
    }
    let rest = table.removeAll()
    #expect(Set(rest.map(ObjectIdentifier.init)) == Set(referee.values.map(ObjectIdentifier.init)))
    #expect(table.count == 0 && table.removeAll().isEmpty)
  }

  @Test func aPlaceThatIsUsedAgainKnowsItsGuest() throws {
    let maker = try Maker()
    var room = WaitingRoom()
    let (first, second) = (maker.exchange(StreamID(1)), maker.exchange(StreamID(3)))
    let early = room.enter(first)
    #expect(room.waiter(of: first) == early && room.waiter(of: second) == nil)
    #expect(room.leave(early) === first && room.leave(early) == nil)
    let late = room.enter(second)
    #expect(room.waiter(of: first) == nil && room.waiter(of: second) == late)
    #expect(room.leave(early) == nil && room.leave(late) === second)
  }
}
