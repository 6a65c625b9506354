import Base
import HTTP
import Testing

/// How streams and connections end, wanted or not.
struct HTTP2EndingTests {
  @Test func clientResetReachesTheServer() {
    let pipe = Pipe()
    let id = pipe.open(isEnd: false)
    pipe.client.reset(id, code: ErrorCode.cancel)
    pipe.run()
    #expect(pipe.serverEvents.last == .reset(1, .peerReset(code: ErrorCode.cancel)))
    #expect(pipe.clientEvents.isEmpty, "the side that resets hears no more of the stream")
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func serverResetReachesTheClientAndTruncates() {
    let pipe = Pipe()
    let id = pipe.open()
    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, pattern(100))
    pipe.run()
    send(pipe.server, id, pattern(100))
    pipe.server.reset(id, code: ErrorCode.internalError)
    pipe.run()
    #expect(Pipe.body(pipe.clientEvents, id).count == 100)
    #expect(pipe.clientEvents.last == .reset(1, .peerReset(code: ErrorCode.internalError)))
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func refusedStreamMayBeSentAgain() {
    let pipe = Pipe()
    let id = pipe.open()
    pipe.server.reset(id, code: ErrorCode.refusedStream)
    pipe.run()
    #expect(pipe.clientEvents == [.reset(1, .refused)])
  }

  @Test func finishedResponseSurvivesRefusingTheRest() {
    let pipe = Pipe()
    let id = pipe.open(request("POST"), isEnd: false)
    pipe.server.sendResponse(id, response(413), isEnd: false)
    send(pipe.server, id, pattern(40_000))
    pipe.server.finish(id, trailers: nil)
    pipe.server.reset(id, code: ErrorCode.noError)
    pipe.run()
    #expect(Pipe.body(pipe.clientEvents, id) == pattern(40_000))
    #expect(
      Array(pipe.clientEvents.suffix(2)) == [
        .end(1, hasTrailers: false), .reset(1, .peerReset(code: ErrorCode.noError)),
      ])
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func shutdownHasTwoPhases() {
    let pipe = Pipe()
    let first = pipe.open()
    pipe.server.announceShutdown()
    let raced = pipe.client.open(request(), isEnd: true)
    pipe.run()
    #expect(pipe.clientEvents == [.goAway])
    #expect(!pipe.client.canOpen && !pipe.client.isReusable)
    #expect(pipe.serverEvents == [.head(1, isEnd: true), .head(3, isEnd: true)])
    pipe.server.shutdown()
    pipe.run()
    #expect(!pipe.server.isFinished)
    for id in [first, raced] { pipe.server.sendResponse(id, response(), isEnd: true) }
    pipe.run()
    #expect(pipe.server.isFinished && pipe.client.isFinished)
    #expect(pipe.clientEvents.contains(.closed(1)) && pipe.clientEvents.contains(.closed(3)))
    #expect(pipe.clientEvents.last == .failed(.closed))
    #expect(pipe.serverEvents.last == .failed(.closed))
  }

  @Test func streamsAboveTheLastWereNeverProcessed() {
    let pipe = Pipe()
    _ = pipe.open()
    let second = pipe.client.open(request(), isEnd: true)
    _ = output(pipe.client)  // lost on the way
    var frames = Frames()
    frames.frame(7, 0, 0, Frames.number(1) + Frames.number(0))
    feed(pipe.client, frames.bytes, into: &pipe.clientEvents)
    #expect(pipe.clientEvents == [.goAway, .reset(second.number, .neverProcessed)])
    #expect(pipe.client.streamCount == 1)
  }

  /// An error that ends the connection is told apart: a new one may fare no better.
  @Test func streamsAboveTheLastOfAnErrorWereTurnedAway() {
    let pipe = Pipe()
    // The peer's SETTINGS come first, and a request that it answers.
    _ = pipe.open()
    let first = pipe.client.open(request(), isEnd: true)
    _ = output(pipe.client)  // lost on the way
    var frames = Frames()
    frames.frame(7, 0, 0, Frames.number(1) + Frames.number(ErrorCode.enhanceYourCalm))
    feed(pipe.client, frames.bytes, into: &pipe.clientEvents)
    #expect(pipe.clientEvents.prefix(2) == [.goAway, .reset(first.number, .turnedAway)])
  }

  @Test func requestThatNeverLeftWasNeverProcessed() {
    let pipe = Pipe()
    _ = pipe.open()
    let second = pipe.client.open(request(), isEnd: true)
    var frames = Frames()
    frames.frame(7, 0, 0, Frames.number(1) + Frames.number(0))
    feed(pipe.client, frames.bytes, into: &pipe.clientEvents)
    pipe.run()
    #expect(pipe.clientEvents.contains(.reset(second.number, .neverProcessed)))
    #expect(pipe.client.streamCount == 1)
  }

  @Test func cancelledRequestThatNeverLeftFreesItsSlot() {
    let pipe = Pipe()
    let id = pipe.client.open(request(), isEnd: true)
    pipe.client.reset(id, code: ErrorCode.cancel)
    pipe.run()
    #expect(pipe.client.streamCount == 0)
    #expect(!pipe.serverEvents.contains(.head(1, isEnd: true)) || pipe.server.streamCount == 0)
  }

  @Test func concurrencyLimitHolds() {
    var limits = HTTPLimits()
    limits.concurrentStreamsMax = 3
    let pipe = Pipe(limits)
    pipe.run()
    for _ in 0..<3 {
      #expect(pipe.client.canOpen)
      _ = pipe.open()
    }
    #expect(!pipe.client.canOpen && pipe.client.isReusable)
    pipe.server.sendResponse(StreamID(1), response(), isEnd: true)
    pipe.run()
    #expect(pipe.client.canOpen)
  }

  /// A peer that is silent and owes an answer is asked once, and gone when it says nothing to that.
  @Test func silentPeersAreAsked() {
    let pipe = Pipe()
    pipe.run()
    let second: UInt64 = 1_000_000_000
    func isAlive(_ seconds: UInt64, heardAt: UInt64) -> Bool {
      pipe.client.isAlive(
        heardAt: Instant(nanoseconds: heardAt * second), at: Instant(nanoseconds: seconds * second))
    }
    // Nobody owes anything.
    #expect(isAlive(100, heardAt: 1) && !pipe.client.wantsToSend)
    _ = pipe.open()
    #expect(isAlive(105, heardAt: 101) && !pipe.client.wantsToSend)
    #expect(isAlive(106, heardAt: 101) && pipe.client.wantsToSend)
    let asked = output(pipe.client)
    #expect(asked.count == 17 && asked[3] == 6 && asked[4] == 0, "a PING")
    #expect(isAlive(107, heardAt: 101) && !pipe.client.wantsToSend)
    #expect(!isAlive(108, heardAt: 101))
    // Whatever it says counts, and the next silence is another one.
    #expect(isAlive(108, heardAt: 107) && isAlive(112, heardAt: 107))
    #expect(pipe.client.wantsToSend)
    // The peer answers it.
    feed(pipe.server, asked, into: &pipe.serverEvents)
    let answer = output(pipe.server)
    #expect(answer.count == 17 && answer[3] == 6 && answer[4] == 1)
  }

  @Test func lostConnectionLosesStreams() {
    let pipe = Pipe()
    _ = pipe.open()
    pipe.client.receiveEnd()
    drain(pipe.client, into: &pipe.clientEvents)
    #expect(pipe.clientEvents == [.reset(1, .connectionLost), .failed(.closed)])
    #expect(pipe.client.streamCount == 0 && pipe.client.isFinished && !pipe.client.wantsToSend)
    pipe.server.receiveEnd()
    drain(pipe.server, into: &pipe.serverEvents)
    #expect(
      pipe.serverEvents == [
        .head(1, isEnd: true), .reset(1, .connectionLost), .failed(.closed),
      ])
  }

  @Test(arguments: [(10, 9, true), (10, 11, true), (10, 10, false), (0, 1, true)])
  func bodyMustMatchItsLength(declared: UInt64, sent: Int, isFault: Bool) {
    let pipe = Pipe()
    let id = pipe.open()
    pipe.server.sendResponse(id, response(length: declared), isEnd: false)
    send(pipe.server, id, pattern(sent))
    pipe.server.finish(id, trailers: nil)
    pipe.run()
    let ended = pipe.clientEvents.contains(.end(1, hasTrailers: false))
    #expect(ended == !isFault)
    if isFault {
      #expect(pipe.clientEvents.last == .reset(1, .malformed("message breaks the protocol")))
    }
    #expect(pipe.client.streamCount == 0 && pipe.server.streamCount == 0)
  }

  @Test func oversizedResponseHeadIsReset() {
    var limits = HTTPLimits()
    limits.fieldCountMax = 10
    let pipe = Pipe(limits)
    let id = pipe.open()
    var head = response()
    for _ in 0..<11 { head.fields.append("x-a", "b") }
    pipe.server.sendResponse(id, head, isEnd: true)
    pipe.run()
    #expect(pipe.clientEvents == [.reset(1, .malformed("fields above the limit"))])
    #expect(pipe.client.streamCount == 0)
  }
}
