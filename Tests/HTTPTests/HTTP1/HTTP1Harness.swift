import Base
import HTTP

/// What a codec did with some bytes: its events as text, and what it wrote.
struct Transcript: Equatable {
  /// The events in order; adjoining body pieces are joined.
  var events: [String] = []
  /// Everything the codec wrote.
  var output = ""

  /// Adds an event, joining body pieces of one stream.
  mutating func note(body piece: String, of stream: StreamID) {
    let prefix = "body \(stream.number) "
    if let last = events.last, last.hasPrefix(prefix) {
      events[events.count - 1] = last + piece
    } else {
      events.append(prefix + piece)
    }
  }
}

/// `text` as bytes, one for each scalar (so that `\u{80}` is the byte 0x80).
func wire(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

/// Bytes as text, one scalar for each byte.
func text(_ bytes: some Sequence<UInt8>) -> String {
  var text = ""
  for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
  return text
}

/// A section's lines, `name=value`, each behind a bar.
func describe(_ fields: Fields) -> String {
  fields.lines.map { line in
    let name = unsafe fields.withName(line) { unsafe text($0) }
    let value = unsafe fields.withValue(line) { unsafe text($0) }
    return " | \(name)=\(value)"
  }.joined()
}

/// Feeds bytes so that the codec cannot rely on them after the drain: the memory is overwritten.
func feed(_ codec: some Codec, _ piece: [UInt8], drain: () -> Void) {
  var memory = piece
  unsafe memory.withUnsafeMutableBytes { bytes in
    unsafe codec.receive(UnsafeRawBufferPointer(bytes))
    drain()
    for index in 0..<bytes.count { unsafe bytes[index] = 0x23 }
  }
}

/// Everything that `codec` wants to write, taken in portions of `portion` bytes.
func drainOutput(_ codec: some Codec, portion: Int = 1 << 20) -> [UInt8] {
  var all: [UInt8] = []
  while codec.wantsToSend {
    var queue = ByteQueue()
    codec.produce(into: &queue, byteCountMax: portion)
    precondition(queue.count <= portion && !queue.isEmpty, "produce broke its bound")
    all += queue.copyToArray()
  }
  return all
}

/// Cuts `bytes` into pieces at seeded places; every byte alone when `seed` is zero.
func cut(_ bytes: [UInt8], seed: UInt64) -> [[UInt8]] {
  guard seed > 0 else { return bytes.map { [$0] } }
  var random = SplitMix64(seed: seed)
  var pieces: [[UInt8]] = []
  var start = 0
  while start < bytes.count {
    let end = min(bytes.count, start + Int.random(in: 1...40, using: &random))
    pieces.append(Array(bytes[start..<end]))
    start = end
  }
  return pieces
}

/// Runs a server codec over `pieces`. With `answers`, each complete request gets a small answer;
/// refused ones get a 400 in any case.
func serve(
  _ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits(), answers: Bool = true, ends: Bool = false
) -> Transcript {
  let codec = HTTP1ServerCodec(limits: limits)
  var transcript = Transcript()
  var lastStream: StreamID?
  func answer(_ stream: StreamID, status: UInt16 = 200) {
    guard answers || status != 200 else { return }
    var head = ResponseHead(status: status)
    head.contentLength = 2
    codec.sendResponse(stream, head, isEnd: false)
    unsafe wire("ok").withUnsafeBytes { unsafe codec.send(stream, $0) }
    codec.finish(stream, trailers: nil)
  }
  func drain() {
    var written: [UInt8] = []
    // An answer that was written out frees the next request, so go on until nothing is written.
    repeat {
      while let event = codec.nextEvent() {
        switch event {
        case .refused(let stream, let fault):
          let method = stream == lastStream ? "" : " \(codec.takeRequest(stream).methodName)"
          transcript.events.append("refused \(stream.number)\(method) \(fault)")
          answer(stream, status: 400)
        case .head(let stream, let isEnd):
          lastStream = stream
          let head = codec.takeRequest(stream)
          let length = head.contentLength.map { " length=\($0)" } ?? ""
          transcript.events.append(
            "head \(stream.number) \(head.methodName) \(text(head.authority)) "
              + "\(text(head.target)) \(head.pathCount)\(length)\(describe(head.fields))"
              + (isEnd ? " ." : ""))
          if isEnd { answer(stream) }
        case .body(let stream, let bytes):
          unsafe transcript.note(body: text(bytes), of: stream)
          codec.consumed(stream, byteCount: bytes.count)
        case .end(let stream, let hasTrailers):
          let trailers = hasTrailers ? describe(codec.takeTrailers(stream)) : ""
          transcript.events.append("end \(stream.number)\(trailers)")
          answer(stream)
        case .expectsContinue(let stream): transcript.events.append("expects \(stream.number)")
        case .closed(let stream): transcript.events.append("closed \(stream.number)")
        case .reset(let stream, let fault):
          transcript.events.append("reset \(stream.number) \(fault)")
        case .failed(let fault): transcript.events.append("failed \(fault)")
        case .writable(let stream): transcript.events.append("writable \(stream.number)")
        case .informational, .goAway: transcript.events.append("impossible")
        }
      }
      written = drainOutput(codec)
      transcript.output += text(written)
    } while !written.isEmpty
  }
  for piece in pieces { feed(codec, piece, drain: drain) }
  if ends {
    codec.receiveEnd()
    drain()
  }
  return transcript
}

/// Runs a client codec that sent `method` over the origin's `pieces`.
func fetch(
  _ pieces: [[UInt8]], method: Method = .get, limits: HTTPLimits = HTTPLimits(), ends: Bool = false
) -> Transcript {
  let codec = HTTP1ClientCodec(limits: limits)
  var head = RequestHead()
  head.method = method
  head.methodName = method.rawValue
  head.authority = wire("ehr.example")
  head.target = wire("/Patient/1")
  _ = codec.open(head, isEnd: true)
  _ = drainOutput(codec)
  var transcript = Transcript()
  func drain() {
    while let event = codec.nextEvent() {
      switch event {
      case .head(let stream, let isEnd):
        let head = codec.takeResponse(stream)
        let length = head.contentLength.map { " length=\($0)" } ?? ""
        transcript.events.append(
          "head \(stream.number) \(head.status)\(length)\(describe(head.fields))"
            + (isEnd ? " ." : ""))
      case .informational(let stream):
        let head = codec.takeResponse(stream)
        transcript.events.append("interim \(stream.number) \(head.status)\(describe(head.fields))")
      case .body(let stream, let bytes):
        unsafe transcript.note(body: text(bytes), of: stream)
        codec.consumed(stream, byteCount: bytes.count)
      case .end(let stream, let hasTrailers):
        let trailers = hasTrailers ? describe(codec.takeTrailers(stream)) : ""
        transcript.events.append("end \(stream.number)\(trailers)")
      case .closed(let stream): transcript.events.append("closed \(stream.number)")
      case .reset(let stream, let fault):
        transcript.events.append("reset \(stream.number) \(fault)")
      case .failed(let fault): transcript.events.append("failed \(fault)")
      case .writable, .expectsContinue, .goAway, .refused:
        transcript.events.append("impossible")
      }
    }
  }
  for piece in pieces { feed(codec, piece, drain: drain) }
  if ends {
    codec.receiveEnd()
    drain()
  }
  transcript.output = codec.canOpen ? "reusable" : "not reusable"
  return transcript
}
