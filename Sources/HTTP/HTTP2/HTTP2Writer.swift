internal import Native

/// Turns heads into the lines that nghttp2 compresses.
///
/// What belongs to one connection stays behind: framing fields are nghttp2's or derived from
/// `contentLength`, so that a message never carries two lengths.
enum HTTP2Writer {
  /// Adds the field lines that may leave; `bytes` are the fields' own.
  @inline(__always)
  static func addLines(
    _ fields: borrowing Fields, _ bytes: UnsafeRawBufferPointer, to session: borrowing HTTP2Session
  ) {
    for line in fields.lines {
      let name = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[Int(line.nameStart)..<Int(line.nameStart + line.nameCount)])
      let value = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[Int(line.valueStart)..<Int(line.valueStart + line.valueCount)])
      if line.known == .contentLength || line.known == .host { continue }
      if line.known.isHopByHop {
        // `te: trailers` is the only hop-by-hop field that HTTP/2 knows; gRPC insists on it.
        guard line.known == .te, unsafe value.elementsEqual("trailers".utf8) else { continue }
      }
      unsafe session.addLine(name: name, value: value, isSensitive: line.isSensitive)
    }
  }

  /// Adds a response's lines and hands them to `submit` while their memory holds.
  @inline(__always)
  static func withResponse(
    _ head: borrowing ResponseHead, to session: borrowing HTTP2Session, submit: () -> Void
  ) {
    let fields = head.fields
    let (status, length) = (head.status, head.contentLength)
    unsafe withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { scratch in
      let start = unsafe write(UInt64(status), into: scratch, end: 3)
      unsafe session.addLine(":status", UnsafeRawBufferPointer(rebasing: scratch[start..<3]))
      unsafe fields.bytes.withUnsafeBytes { bytes in
        unsafe addLines(fields, bytes, to: session)
        if let length {
          let start = unsafe write(length, into: scratch, end: 24)
          unsafe session.addLine(
            "content-length", UnsafeRawBufferPointer(rebasing: scratch[start..<24]))
        }
        submit()
      }
    }
  }

  /// Adds a request's lines and hands them to `submit` while their memory holds.
  @inline(__always)
  static func withRequest(
    _ head: borrowing RequestHead, to session: borrowing HTTP2Session, submit: () -> Void
  ) {
    var method = head.methodName
    let (fields, length, isSecure) = (head.fields, head.contentLength, head.isSecure)
    let (authority, target) = (head.authority, head.target)
    method.withUTF8 { method in
      unsafe session.addLine(":method", UnsafeRawBufferPointer(method))
      addScheme(isSecure: isSecure, to: session)
      unsafe authority.withUnsafeBytes { authority in
        unsafe session.addLine(":authority", authority)
        unsafe target.withUnsafeBytes { target in
          unsafe session.addLine(":path", target)
          unsafe fields.bytes.withUnsafeBytes { bytes in
            unsafe addLines(fields, bytes, to: session)
            unsafe withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { scratch in
              if let length {
                let start = unsafe write(length, into: scratch, end: 24)
                unsafe session.addLine(
                  "content-length", UnsafeRawBufferPointer(rebasing: scratch[start..<24]))
              }
              submit()
            }
          }
        }
      }
    }
  }

  /// Adds `:scheme`.
  private static func addScheme(isSecure: Bool, to session: borrowing HTTP2Session) {
    let scheme: StaticString = isSecure ? "https" : "http"
    unsafe session.addLine(
      ":scheme", UnsafeRawBufferPointer(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount))
  }

  /// Writes decimal digits so that they end before `end`; returns where they start.
  private static func write(
    _ value: UInt64, into scratch: UnsafeMutableRawBufferPointer, end: Int
  ) -> Int {
    var (rest, start) = (value, end)
    repeat {
      start -= 1
      unsafe scratch[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      rest /= 10
    } while rest > 0 && start > 0
    return start
  }
}
