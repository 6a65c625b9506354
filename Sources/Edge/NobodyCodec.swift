internal import Base
internal import HTTP

/// The client's side of an exchange whose answer goes to nobody: takes everything, keeps nothing.
final class NobodyCodec: ServerCodec {
  func receive(_ bytes: UnsafeRawBufferPointer) {}
  func receiveEnd() {}
  func nextEvent() -> CodecEvent? { nil }
  func produce(into output: inout ByteQueue, byteCountMax: Int) {}
  var wantsToSend: Bool { false }
  var wantsToReceive: Bool { false }
  var isFinished: Bool { false }
  var streamCount: Int { 0 }
  func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {}
  func queuedByteCount(_ stream: StreamID) -> Int { 0 }
  func finish(_ stream: StreamID, trailers: Fields?) {}
  func reset(_ stream: StreamID, code: UInt32) {}
  func consumed(_ stream: StreamID, byteCount: Int) {}
  func takeTrailers(_ stream: StreamID) -> Fields { Fields() }
  func takeRequest(_ stream: StreamID, into head: inout RequestHead) {}
  func sendInformational(_ stream: StreamID, _ head: borrowing ResponseHead) {}
  func sendResponse(_ stream: StreamID, _ head: borrowing ResponseHead, isEnd: Bool) {}
  func announceShutdown() {}
  func shutdown() {}
}
