internal import CLinux
internal import Glibc

/// A whole file in memory, read-only, at one address for as long as the object lives.
///
/// Any thread may read the bytes. They start at a page, so they are aligned for any number.
@safe
public final class MappedFile: Sendable {
  /// What the object does when the file is changed in place.
  public enum Protection: Sendable {
    /// Pages are the file's own: cheap to open, shared with other processes. Whoever truncates the
    /// file ends this process with SIGBUS; for tools that look once.
    case none
    /// A copy of its own in large pages, taken once: what was checked stays true, whatever happens
    /// to the file, and a look-up finds its page in fewer steps. For servers.
    case copied
  }

  /// The file's bytes.
  nonisolated(unsafe) public let bytes: UnsafeRawBufferPointer

  /// Maps or reads the file at `path`, of at most `byteCountMax` bytes.
  public init(
    path: String, protection: Protection, byteCountMax: Int = 16 << 30
  ) throws(SystemError) {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") { unsafe homeward_open(path, O_RDONLY | O_CLOEXEC, 0).asInt }))
    var status = stat()
    _ = try blockingCall("fstat") { unsafe fstat(descriptor.number, &status).asInt }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError(code: EISDIR, call: "mmap") }
    let count = Int(status.st_size)
    guard count <= byteCountMax else { throw SystemError(code: EFBIG, call: "mmap") }
    guard count > 0 else {
      unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let isCopied = protection == .copied
    let start = unsafe mmap(
      nil, count, isCopied ? PROT_READ | PROT_WRITE : PROT_READ,
      isCopied ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, isCopied ? -1 : descriptor.number, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      throw SystemError(code: errno, call: "mmap")
    }
    unsafe bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard isCopied else { return }
    // A hint: without large pages everything works, a little slower.
    _ = unsafe madvise(start, count, Int32(MADV_HUGEPAGE))
    try unsafe Self.fill(UnsafeMutableRawBufferPointer(start: start, count: count), descriptor)
    _ = unsafe mprotect(start, count, PROT_READ)
  }

  deinit {
    if let start = unsafe bytes.baseAddress {
      _ = unsafe munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }

  /// Reads exactly as many bytes as `target` has.
  private static func fill(
    _ target: UnsafeMutableRawBufferPointer, _ descriptor: borrowing Descriptor
  ) throws(SystemError) {
    var done = 0
    while done < target.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = try blockingCall("read") {
        unsafe Glibc.read(descriptor.number, rest.baseAddress, min(rest.count, 1 << 24))
      }
      // The file became shorter while it was read.
      guard count > 0 else { throw SystemError(code: EIO, call: "read") }
      done += count
    }
  }
}
