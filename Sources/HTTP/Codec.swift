public import Base

/// One request-response pair on one connection: HTTP/2's stream identifier, or a running number.
public struct StreamID: Hashable, Sendable {
  /// The number; positive.
  public let number: Int32
  /// Makes the identifier with this number.
  public init(_ number: Int32) { self.number = number }
}

/// Why a stream ended before both messages were complete.
public enum StreamFault: Sendable, Equatable {
  /// The peer reset the stream, with this HTTP/2 error code.
  case peerReset(code: UInt32)
  /// The peer never acted on the request: above GOAWAY's last stream. Whatever it is, it may be
  /// sent again.
  case neverProcessed
  /// The same by REFUSED_STREAM: it has too much to do now.
  case refused
  /// The same by a GOAWAY that names an error: a new connection may fare no better.
  case turnedAway
  /// The peer broke the protocol on this stream only.
  case malformed(String)
  /// The connection ended under the stream.
  case connectionLost
}

/// Why a connection is of no further use.
public enum ConnectionFault: Sendable, Equatable {
  /// The peer broke the protocol; the text is for the log and holds nothing the peer sent.
  case malformed(String)
  /// The peer passed a bound that `HTTPLimits` names.
  case abuse(String)
  /// The peer closed, or announced that it would, and nothing is under way.
  case closed
}

/// What a codec tells its owner. The pointer of `body` is valid until the next call of `receive`
/// or the end of the received bytes' memory; its owner reads it while draining, never later.
@safe
public enum CodecEvent {
  /// A final head is complete: take it with `takeRequest` or `takeResponse`. `isEnd` tells that no
  /// body and no trailers follow.
  case head(StreamID, isEnd: Bool)
  /// The request cannot be handed on: answer it. It is new, and what is left of its head is taken
  /// with `takeRequest`, or its head was announced and its body broke off before the final response
  /// began. Nothing but `reset` or `closed` follows. Server role only.
  case refused(StreamID, RequestFault)
  /// An interim response (1xx but 101) came; take it with `takeResponse`. Client role only.
  case informational(StreamID)
  /// The client waits for `100 Continue` before its body; follows `head`. Server role only.
  case expectsContinue(StreamID)
  /// A piece of the body. Its owner calls `consumed` as the bytes move on.
  case body(StreamID, UnsafeRawBufferPointer)
  /// The message is complete. Trailers, if any, are taken with `takeTrailers`.
  case end(StreamID, hasTrailers: Bool)
  /// The stream ended early. No further event names it.
  case reset(StreamID, StreamFault)
  /// The bytes queued with `send` fell below the low mark again.
  case writable(StreamID)
  /// Both messages are complete and written out; the slot is free. No further event names it.
  case closed(StreamID)
  /// No new stream may start; those under way go on.
  case goAway
  /// The connection is finished: write out what `produce` still gives, then close.
  case failed(ConnectionFault)
}

/// One connection's protocol machine. The same for HTTP/1.1 and HTTP/2, server and client.
///
/// Sans I/O: it is owned by one loop, never blocks and never reads a clock. Calls come from the
/// owner only; nothing is called back.
public protocol Codec: AnyObject {
  /// Feeds bytes from the peer. Afterwards drain `nextEvent` before the bytes' memory is reused.
  func receive(_ bytes: UnsafeRawBufferPointer)
  /// Tells that the peer sent its last byte (TCP FIN or TLS close_notify).
  func receiveEnd()
  /// The next event, oldest first; nil when there is none.
  func nextEvent() -> CodecEvent?

  /// Moves bytes for the peer into `output` until it holds `byteCountMax` or nothing is ready.
  func produce(into output: inout ByteQueue, byteCountMax: Int)
  /// Whether `produce` would give bytes now.
  var wantsToSend: Bool { get }
  /// Whether the owner should read from the socket; false is backpressure (HTTP/1.1 bodies).
  var wantsToReceive: Bool { get }
  /// Whether the connection is over once `produce` is empty.
  var isFinished: Bool { get }
  /// Streams under way.
  var streamCount: Int { get }

  /// Queues body bytes; the copy is the codec's. Legal after a final head, before `finish`.
  func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer)
  /// Bytes queued on this stream and not yet produced.
  func queuedByteCount(_ stream: StreamID) -> Int
  /// Completes this side's message, with trailers if any.
  func finish(_ stream: StreamID, trailers: Fields?)
  /// Ends the stream at once; a truncated message is never made to look complete.
  func reset(_ stream: StreamID, code: UInt32)
  /// Tells that `byteCount` body bytes moved on, so that the peer may send as many again.
  func consumed(_ stream: StreamID, byteCount: Int)
  /// Tells the time, about once a second, so that counts kept against floods are forgiven.
  func advance(to now: Instant)
  /// The trailers of the message that just ended.
  func takeTrailers(_ stream: StreamID) -> Fields
}

extension Codec {
  /// A codec that keeps no counts ignores the time.
  public func advance(to now: Instant) {}
}

/// The server role: requests come in, responses go out.
public protocol ServerCodec: Codec {
  /// Puts the head that `CodecEvent.head` announced into `head`, or what is left of a refused one:
  /// its method (`other`, without a name, when none was read) and `accept`. What `head` held is
  /// lost; the codec may keep its memory for the next request.
  func takeRequest(_ stream: StreamID, into head: inout RequestHead)
  /// Sends an interim response (100, 103).
  func sendInformational(_ stream: StreamID, _ head: borrowing ResponseHead)
  /// Sends the final head; `isEnd` when no body and no trailers follow.
  func sendResponse(_ stream: StreamID, _ head: borrowing ResponseHead, isEnd: Bool)
  /// First phase of a graceful end: tell clients to open no more streams, still serve new ones.
  func announceShutdown()
  /// Second phase: refuse new streams, finish when those under way are done.
  func shutdown()
}

/// The client role: requests go out, responses come in.
public protocol ClientCodec: Codec {
  /// Whether `open` may be called now.
  var canOpen: Bool { get }
  /// Starts a request; `isEnd` when no body and no trailers follow.
  func open(_ head: borrowing RequestHead, isEnd: Bool) -> StreamID
  /// Puts the head that `CodecEvent.head` or `.informational` announced into `head`. What `head`
  /// held is lost; the codec may keep its memory for the next response.
  func takeResponse(_ stream: StreamID, into head: inout ResponseHead)
  /// Whether the connection can carry another request after the current ones.
  var isReusable: Bool { get }
  /// Whether a peer from which the last byte came at `heardAt` may still be there. Called often; asks
  /// a silent one while it owes an answer, where the protocol can.
  func isAlive(heardAt: Instant, at now: Instant) -> Bool
}

extension ClientCodec {
  /// HTTP/1.1 cannot ask.
  public func isAlive(heardAt: Instant, at now: Instant) -> Bool { true }
}

extension ServerCodec {
  /// The head that was announced; for callers without a head whose memory could be used again.
  public func takeRequest(_ stream: StreamID) -> RequestHead {
    var head = RequestHead()
    takeRequest(stream, into: &head)
    return head
  }
}

extension ClientCodec {
  /// The head that was announced; for callers without a head whose memory could be used again.
  public func takeResponse(_ stream: StreamID) -> ResponseHead {
    var head = ResponseHead()
    takeResponse(stream, into: &head)
    return head
  }
}

/// HTTP/2 error codes (RFC 9113 section 7); HTTP/1.1 closes the connection instead.
public enum ErrorCode {
  /// Graceful: no error.
  public static let noError: UInt32 = 0x0
  /// The peer broke the protocol.
  public static let protocolError: UInt32 = 0x1
  /// Our fault, or the origin's in the middle of a body.
  public static let internalError: UInt32 = 0x2
  /// The request was not processed at all.
  public static let refusedStream: UInt32 = 0x7
  /// The stream is no longer needed.
  public static let cancel: UInt32 = 0x8
  /// The peer is too demanding.
  public static let enhanceYourCalm: UInt32 = 0xB
}
