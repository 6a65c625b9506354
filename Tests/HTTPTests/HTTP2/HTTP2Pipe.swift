import Base
import HTTP

/// One event without pointers, so that it can be kept and compared.
enum Seen: Equatable {
  case head(Int32, isEnd: Bool)
  case refused(Int32, RequestFault)
  case informational(Int32, status: UInt16)
  case expectsContinue(Int32)
  case body(Int32, [UInt8])
  case end(Int32, hasTrailers: Bool)
  case reset(Int32, StreamFault)
  case writable(Int32)
  case closed(Int32)
  case goAway
  case failed(ConnectionFault)
}

/// What was taken from a codec as its events came.
final class Taken {
  var requests: [Int32: RequestHead] = [:]
  var responses: [Int32: ResponseHead] = [:]
  var trailers: [Int32: Fields] = [:]
}

/// Drains a codec's events.
func drain<C: Codec>(_ codec: C, into events: inout [Seen], _ taken: Taken = Taken()) {
  while let event = codec.nextEvent() {
    switch event {
    case .head(let id, let isEnd):
      events.append(.head(id.number, isEnd: isEnd))
      if let server = codec as? HTTP2ServerCodec {
        taken.requests[id.number] = server.takeRequest(id)
      }
      if let client = codec as? HTTP2ClientCodec {
        taken.responses[id.number] = client.takeResponse(id)
      }
    case .refused(let id, let fault):
      events.append(.refused(id.number, fault))
      taken.requests[id.number] = (codec as? HTTP2ServerCodec)?.takeRequest(id)
    case .informational(let id):
      let status = (codec as? HTTP2ClientCodec)?.takeResponse(id).status ?? 0
      events.append(.informational(id.number, status: status))
    case .expectsContinue(let id): events.append(.expectsContinue(id.number))
    case .body(let id, let bytes):
      events.append(.body(id.number, unsafe [UInt8](bytes)))
    case .end(let id, let hasTrailers):
      events.append(.end(id.number, hasTrailers: hasTrailers))
      if hasTrailers { taken.trailers[id.number] = codec.takeTrailers(id) }
    case .reset(let id, let fault): events.append(.reset(id.number, fault))
    case .writable(let id): events.append(.writable(id.number))
    case .closed(let id): events.append(.closed(id.number))
    case .goAway: events.append(.goAway)
    case .failed(let fault): events.append(.failed(fault))
    }
  }
}

/// Feeds bytes in pieces of `chunk` and drains after each.
func feed<C: Codec>(
  _ codec: C, _ bytes: [UInt8], chunk: Int = .max, into events: inout [Seen],
  _ taken: Taken = Taken()
) {
  var start = 0
  while start < bytes.count {
    let end = chunk >= bytes.count - start ? bytes.count : start + chunk
    unsafe bytes.withUnsafeBytes {
      unsafe codec.receive(UnsafeRawBufferPointer(rebasing: $0[start..<end]))
      drain(codec, into: &events, taken)
    }
    start = end
  }
}

/// Takes up to about `limit` bytes from a codec.
func output<C: Codec>(_ codec: C, limit: Int = 1 << 20) -> [UInt8] {
  var queue = ByteQueue()
  codec.produce(into: &queue, byteCountMax: limit)
  return queue.copyToArray()
}

/// Queues body bytes.
func send<C: Codec>(_ codec: C, _ id: StreamID, _ bytes: [UInt8]) {
  unsafe bytes.withUnsafeBytes { unsafe codec.send(id, $0) }
}

/// A server and a client, back to back.
final class Pipe {
  let server: HTTP2ServerCodec
  let client: HTTP2ClientCodec
  /// What the server said, in order.
  var serverEvents: [Seen] = []
  /// What the client said, in order.
  var clientEvents: [Seen] = []
  /// What was taken at the server, and at the client.
  let atServer = Taken()
  let atClient = Taken()
  /// Bytes in each piece that is handed over.
  var chunk = Int.max
  /// Whether each side gives back body bytes as they come.
  var consumesAtServer = true
  var consumesAtClient = true

  init(_ limits: HTTPLimits = HTTPLimits()) {
    server = HTTP2ServerCodec(limits: limits)
    client = HTTP2ClientCodec(limits: limits)
  }

  /// Moves bytes until neither side has any; returns how many moved.
  @discardableResult func run(limit: Int = 16_384) -> Int {
    var moved = 0
    while true {
      let up = output(client, limit: limit)
      drain(client, into: &clientEvents, atClient)
      let serverStart = serverEvents.count
      feed(server, up, chunk: chunk, into: &serverEvents, atServer)
      if consumesAtServer { consume(server, serverEvents[serverStart...]) }
      let down = output(server, limit: limit)
      drain(server, into: &serverEvents, atServer)
      let clientStart = clientEvents.count
      feed(client, down, chunk: chunk, into: &clientEvents, atClient)
      if consumesAtClient { consume(client, clientEvents[clientStart...]) }
      moved += up.count + down.count
      if up.isEmpty && down.isEmpty { return moved }
    }
  }

  /// Gives back the bytes of body events.
  private func consume<C: Codec>(_ codec: C, _ events: ArraySlice<Seen>) {
    for case .body(let id, let bytes) in events {
      codec.consumed(StreamID(id), byteCount: bytes.count)
    }
  }

  /// Opens a request and lets it arrive.
  func open(_ head: RequestHead = request(), isEnd: Bool = true) -> StreamID {
    let id = client.open(head, isEnd: isEnd)
    run()
    return id
  }

  /// All body bytes of one stream.
  static func body(_ events: [Seen], _ id: StreamID) -> [UInt8] {
    var bytes: [UInt8] = []
    for case .body(id.number, let piece) in events { bytes += piece }
    return bytes
  }
}

/// A plain request.
func request(
  _ method: String = "GET", _ target: String = "/Patient/1?a=b",
  fields: [(StaticString, String)] = []
) -> RequestHead {
  var head = RequestHead()
  head.methodName = method
  head.method = Method(rawValue: method) ?? .other
  head.authority = Array("ehr.example".utf8)
  head.target = Array(target.utf8)
  head.pathCount =
    target.utf8.firstIndex(of: 0x3F).map {
      target.utf8.distance(from: target.utf8.startIndex, to: $0)
    } ?? target.utf8.count
  for (name, value) in fields { head.fields.append(name, value) }
  return head
}

/// A plain response.
func response(_ status: UInt16 = 200, length: UInt64? = nil) -> ResponseHead {
  var head = ResponseHead(status: status)
  head.contentLength = length
  return head
}

/// Bytes that differ from their neighbours.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 &+ ($0 >> 8)) }
}
