import Base
import HTTP
import Testing

/// Random commands on both sides: no byte is lost, no stream leaks, whatever the order.
struct HTTP2RandomTests {
  /// What one direction of a stream sent and got.
  struct Direction {
    var sent: [UInt8] = []
    var got: [UInt8] = []
    var unconsumed = 0
    var hasHead = false
    var isFinished = false
    var hasEnd = false
    var isTrailed = false
  }
  /// A stream as the test knows it.
  struct Model {
    var up = Direction()
    var down = Direction()
    var isGone = false
  }

  @Test(arguments: 1...16 as ClosedRange<UInt64>)
  func nothingIsLost(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var limits = HTTPLimits()
    limits.concurrentStreamsMax = 8
    limits.connectionWindowBytes = 100_000
    let pipe = Pipe(limits)
    pipe.consumesAtServer = false
    pipe.consumesAtClient = false
    pipe.run()
    var models: [Int32: Model] = [:]
    var trailers = Fields()
    trailers.append("x-t", "1")
    for _ in 0..<300 {
      let live = models.filter { !$0.value.isGone }.keys.sorted()
      let pick = live.isEmpty ? nil : live[Int(random.next() % UInt64(live.count))]
      switch random.next() % 10 {
      case 0, 1:
        guard pipe.client.canOpen else { break }
        let isEnd = random.next() % 3 == 0
        let id = pipe.client.open(request("POST"), isEnd: isEnd)
        var model = Model()
        (model.up.hasHead, model.up.isFinished) = (true, isEnd)
        models[id.number] = model
      case 2, 3, 4:
        guard let pick else { break }
        let bytes = pattern(Int(random.next() % 40_000), seed: Int(pick))
        if random.next() % 2 == 0 {
          guard models[pick]?.up.isFinished == false else { break }
          send(pipe.client, StreamID(pick), bytes)
          models[pick]?.up.sent += bytes
        } else {
          guard models[pick]?.down.hasHead == true, models[pick]?.down.isFinished == false
          else { break }
          send(pipe.server, StreamID(pick), bytes)
          models[pick]?.down.sent += bytes
        }
      case 5:
        guard let pick, pipe.serverEvents.contains(where: { isHead($0, pick) }),
          models[pick]?.down.hasHead == false
        else { break }
        let isEnd = random.next() % 4 == 0
        pipe.server.sendResponse(StreamID(pick), response(), isEnd: isEnd)
        models[pick]?.down.hasHead = true
        models[pick]?.down.isFinished = isEnd
      case 6:
        guard let pick else { break }
        let trailed = random.next() % 2 == 0 ? trailers : nil
        if models[pick]?.up.isFinished == false {
          pipe.client.finish(StreamID(pick), trailers: trailed)
          models[pick]?.up.isFinished = true
          models[pick]?.up.isTrailed = trailed != nil
        } else if models[pick]?.down.hasHead == true, models[pick]?.down.isFinished == false {
          pipe.server.finish(StreamID(pick), trailers: trailed)
          models[pick]?.down.isFinished = true
          models[pick]?.down.isTrailed = trailed != nil
        }
      case 7:
        guard let pick, random.next() % 4 == 0 else { break }
        if random.next() % 2 == 0 {
          pipe.client.reset(StreamID(pick), code: ErrorCode.cancel)
        } else if pipe.serverEvents.contains(where: { isHead($0, pick) }) {
          pipe.server.reset(StreamID(pick), code: ErrorCode.internalError)
        } else {
          break
        }
        models[pick]?.isGone = true
      case 8: consumeSome(pipe, &models, &random)
      default:
        pipe.chunk = 1 + Int(random.next() % 20_000)
        step(pipe, &models)
      }
    }
    finish(pipe, &models, seed)
  }

  /// Whether an event is the head of a stream.
  private func isHead(_ event: Seen, _ stream: Int32) -> Bool {
    if case .head(stream, _) = event { true } else { false }
  }

  /// Moves bytes and books what arrived.
  private func step(_ pipe: Pipe, _ models: inout [Int32: Model]) {
    let (server, client) = (pipe.serverEvents.count, pipe.clientEvents.count)
    pipe.run(limit: 5_000)
    for event in pipe.serverEvents[server...] {
      if case .body(let id, let bytes) = event {
        models[id]?.up.got += bytes
        models[id]?.up.unconsumed += bytes.count
      }
      if case .end(let id, let isTrailed) = event {
        models[id]?.up.hasEnd = true
        #expect(isTrailed == models[id]?.up.isTrailed)
        if isTrailed { #expect(pipe.atServer.trailers[id]?.value(named: "x-t") == "1") }
      }
      if case .head(let id, true) = event { models[id]?.up.hasEnd = true }
    }
    for event in pipe.clientEvents[client...] {
      if case .body(let id, let bytes) = event {
        models[id]?.down.got += bytes
        models[id]?.down.unconsumed += bytes.count
      }
      if case .end(let id, let isTrailed) = event {
        models[id]?.down.hasEnd = true
        #expect(isTrailed == models[id]?.down.isTrailed)
      }
      if case .head(let id, true) = event { models[id]?.down.hasEnd = true }
    }
  }

  /// Gives back a random part of what is held.
  private func consumeSome(
    _ pipe: Pipe, _ models: inout [Int32: Model], _ random: inout SplitMix64
  ) {
    for id in models.keys.sorted() {
      guard let model = models[id], random.next() % 2 == 0 else { continue }
      let up = Int(random.next() % UInt64(model.up.unconsumed + 1))
      let down = Int(random.next() % UInt64(model.down.unconsumed + 1))
      pipe.server.consumed(StreamID(id), byteCount: up)
      pipe.client.consumed(StreamID(id), byteCount: down)
      models[id]?.up.unconsumed -= up
      models[id]?.down.unconsumed -= down
    }
  }

  /// Completes every stream and checks that nothing is missing.
  private func finish(_ pipe: Pipe, _ models: inout [Int32: Model], _ seed: UInt64) {
    step(pipe, &models)
    for (id, model) in models where !model.isGone {
      if !model.up.isFinished { pipe.client.finish(StreamID(id), trailers: nil) }
      if !model.down.hasHead {
        pipe.server.sendResponse(StreamID(id), response(), isEnd: true)
      } else if !model.down.isFinished {
        pipe.server.finish(StreamID(id), trailers: nil)
      }
    }
    for _ in 0..<200 where pipe.server.streamCount + pipe.client.streamCount > 0 {
      step(pipe, &models)
      for id in models.keys {
        pipe.server.consumed(StreamID(id), byteCount: models[id]?.up.unconsumed ?? 0)
        pipe.client.consumed(StreamID(id), byteCount: models[id]?.down.unconsumed ?? 0)
        models[id]?.up.unconsumed = 0
        models[id]?.down.unconsumed = 0
      }
    }
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0, "seed \(seed)")
    for (id, model) in models {
      for (name, direction) in [("up", model.up), ("down", model.down)] {
        if model.isGone {
          #expect(direction.sent.starts(with: direction.got), "seed \(seed) \(id) \(name)")
        } else {
          #expect(direction.sent == direction.got, "seed \(seed) \(id) \(name)")
          #expect(direction.hasEnd, "seed \(seed) \(id) \(name)")
        }
      }
    }
  }
}
