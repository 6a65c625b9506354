internal import Base
internal import HTTP
internal import Native
internal import Reactor

/// Why a call got no answer.
enum HTTPCallFault {
  /// The connection could not be made, or broke.
  case transport(TransportFault)
  /// It ended before the answer did.
  case ended
  /// The answer is longer than its bound, in bytes.
  case tooLong(Int)
  /// The answer is not HTTP.
  case malformed

  /// Words for the log; nothing in them comes from the peer.
  var description: String {
    switch self {
    case .transport(let fault): fault.description
    case .ended: "the connection ended before the answer did"
    case .tooLong(let byteCount): "the answer is longer than \(byteCount) bytes"
    case .malformed: "the answer is not valid HTTP"
    }
  }
}

/// One HTTP request on a connection of its own, and its answer, which is read whole.
/// For the control plane. Confined to its loop; its owner bounds its time.
class HTTPCall: Connection {
  private let request: RequestHead
  private let requestBody: [UInt8]
  private let answerByteCountMax: Int
  private let codec: any ClientCodec
  private var body: [UInt8] = []

  /// Takes a socket that connects; `begin` starts. HTTP/1.1, unless told otherwise.
  init(
    context: LoopContext, socket: consuming Socket, tls: consuming TLSSession?, _ head: RequestHead,
    body: [UInt8] = [], answerByteCountMax: Int, isHTTP2: Bool = false
  ) {
    codec = isHTTP2 ? HTTP2ClientCodec(limits: HTTPLimits()) : HTTP1ClientCodec()
    request = head
    requestBody = body
    self.answerByteCountMax = answerByteCountMax
    super.init(context: context, socket: socket, tls: tls, isConnecting: true)
  }

  // MARK: What subclasses say

  /// The final answer's head is there; who does not want the rest closes.
  func answered(_ response: ResponseHead) {}
  /// The answer is complete.
  func concluded(_ body: [UInt8]) {}
  /// There will be no answer. May follow `concluded`.
  func failed(_ fault: HTTPCallFault) {}

  /// Takes a part of the body; false when it is too much. Kept for `concluded`, unless a subclass
  /// does something else with it.
  func take(_ part: UnsafeRawBufferPointer) -> Bool {
    guard body.count + part.count <= answerByteCountMax else { return false }
    unsafe body.append(contentsOf: part)
    return true
  }

  // MARK: The connection

  override func established() {
    let stream = codec.open(request, isEnd: requestBody.isEmpty)
    if !requestBody.isEmpty {
      unsafe requestBody.withUnsafeBytes { unsafe codec.send(stream, $0) }
      codec.finish(stream, trailers: nil)
    }
    context.flushLater(self)
  }

  override func received(_ bytes: UnsafeRawBufferPointer) {
    unsafe codec.receive(bytes)
    drain()
    context.flushLater(self)
  }

  override func peerEnded() {
    codec.receiveEnd()
    drain()
    failed(.ended)
  }

  override func produce(into output: inout ByteQueue, byteCountMax: Int) {
    codec.produce(into: &output, byteCountMax: byteCountMax)
  }

  override func broke(_ reason: TransportFault) { failed(.transport(reason)) }

  private func drain() {
    while !isClosed, let event = codec.nextEvent() {
      switch event {
      case .head(let stream, let isEnd):
        answered(codec.takeResponse(stream))
        if isEnd, !isClosed { concluded(body) }
      case .informational(let stream): _ = codec.takeResponse(stream)
      case .body(let stream, let piece):
        let count = piece.count
        guard unsafe take(piece) else { return failed(.tooLong(answerByteCountMax)) }
        codec.consumed(stream, byteCount: count)
      case .end: concluded(body)
      case .reset, .failed: failed(.malformed)
      default: break
      }
    }
  }
}
