import Base
import HTTP

/// An origin that speaks HTTP/2 at the other end of a wire.
final class HTTP2Origin {
  private let codec = HTTP2ServerCodec(limits: HTTPLimits())
  private let wire: Wire
  /// What is done with each request, by the order in which they come.
  private let answer: (HTTP2Origin, StreamID, Int) -> Void
  /// Requests that came.
  private(set) var requestCount = 0

  init(_ wire: Wire, answer: @escaping (HTTP2Origin, StreamID, Int) -> Void) {
    self.wire = wire
    self.answer = answer
    // What came before anybody listened, then the rest.
    let early = wire.received
    wire.heard = { [unowned self] in take($0) }
    take(early)
  }

  private func take(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe codec.receive($0) }
    while let event = codec.nextEvent() {
      guard case .head(let stream, _) = event else { continue }
      _ = codec.takeRequest(stream)
      requestCount += 1
      answer(self, stream, requestCount)
    }
    flush()
  }

  /// Sends what waits.
  func flush() {
    var output = ByteQueue()
    codec.produce(into: &output, byteCountMax: 1 << 20)
    while codec.nextEvent() != nil {}
    if !output.isEmpty { wire.send(output.copyToArray()) }
  }

  /// Answers 200 with a body.
  func send(_ body: String, on stream: StreamID) {
    codec.sendResponse(stream, ResponseHead(status: 200), isEnd: false)
    unsafe Array(body.utf8).withUnsafeBytes { unsafe codec.send(stream, $0) }
    codec.finish(stream, trailers: nil)
    flush()
  }

  /// Gives the stream up.
  func reset(_ stream: StreamID, code: UInt32) {
    codec.reset(stream, code: code)
    flush()
  }
}
