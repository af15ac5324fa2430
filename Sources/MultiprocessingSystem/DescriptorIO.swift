internal import CMultiprocessing
internal import Glibc

/// Plain reading and writing.
package enum DescriptorIO {
  /// Both ends of a new pipe, close-on-exec.
  package static func pipe() throws -> (reading: Descriptor, writing: Descriptor) {
    var numbers: (Int32, Int32) = (-1, -1)
    try systemCall("pipe2") {
      // SAFETY: a tuple of two Int32 is laid out like the array of two that the call fills.
      withUnsafeMutablePointer(to: &numbers) {
        $0.withMemoryRebound(to: Int32.self, capacity: 2) { mp_pipe($0) }
      }
    }
    return (Descriptor(owning: numbers.0), Descriptor(owning: numbers.1))
  }

  package static func setNonBlocking(_ descriptor: Descriptor) {
    _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
  }

  /// Writes all, waiting as long as the reader makes it wait. Quietly gives up when nobody reads.
  package static func writeAll(_ bytes: ArraySlice<UInt8>, to number: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      // SAFETY: the slice is not empty, so it has an address; the kernel reads its bytes inside the call.
      let count = rest.withUnsafeBytes { write(number, $0.baseAddress!, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        poll(&entry, 1, -1)
      } else if errno != EINTR {
        return
      }
    }
  }

  /// Writes what the system takes without waiting. Returns the rest; none where nobody reads.
  ///
  /// An open file of its own is asked, which alone does not wait: the one that others use stays as it is. Where there can
  /// be none (one of another user's), a pipe that says that it has room is asked itself, and of others everything is
  /// returned.
  package static func writeAtOnce(_ bytes: [UInt8], to number: Int32) -> ArraySlice<UInt8> {
    var status = stat()
    guard fstat(number, &status) == 0 else { return [] }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      writeAll(bytes[...], to: number)
      return []
    case S_IFSOCK: return put(bytes) { send(number, $0, $1, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)) }
    default:
      let own = open("/proc/self/fd/\(number)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
      if own >= 0 {
        let descriptor = Descriptor(owning: own)
        return withExtendedLifetime(descriptor) { put(bytes) { write(descriptor.number, $0, $1) } }
      }
      guard status.st_mode & S_IFMT == S_IFIFO else { return bytes[...] }
      return put(bytes) {
        guard Polling.isWritable(number) else {
          errno = EAGAIN
          return -1
        }
        return write(number, $0, min($1, atomicWrite))
      }
    }
  }

  /// What a pipe that polls as writable takes without waiting.
  private static let atomicWrite = 4096

  // SAFETY: `call` reads as many bytes there as it is told.
  private static func put(_ bytes: [UInt8], by call: (UnsafeRawPointer, Int) -> Int) -> ArraySlice<UInt8> {
    var rest = bytes[...]
    while !rest.isEmpty {
      // SAFETY: the slice is not empty, so it has an address; the kernel reads its bytes inside the call.
      let count = rest.withUnsafeBytes { call($0.baseAddress!, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        return rest
      } else if errno != EINTR {
        return []
      }
    }
    return rest
  }

  /// What one `read` gave.
  package enum ReadResult: Sendable {
    case bytes([UInt8])
    case wouldBlock, end
  }

  /// Reads once, at most `limit` bytes.
  package static func read(from descriptor: Descriptor, limit: Int = 65_536) -> ReadResult {
    var failed = false
    // SAFETY: the kernel writes at most the capacity.
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while true {
        let got = Glibc.read(descriptor.number, buffer.baseAddress!, limit)
        if got >= 0 {
          count = got
          return
        }
        if errno == EINTR { continue }
        failed = errno == EAGAIN
        return
      }
    }
    if failed { return .wouldBlock }
    return bytes.isEmpty ? .end : .bytes(bytes)
  }

  /// A whole small file, for example of /proc; nil when it cannot be read.
  package static func contents(of path: String) -> [UInt8]? {
    guard let number = try? systemCall("open", { open(path, O_RDONLY | O_CLOEXEC) }) else { return nil }
    let descriptor = Descriptor(owning: number)
    var all: [UInt8] = []
    while case .bytes(let bytes) = read(from: descriptor) { all += bytes }
    return all
  }
}

extension DescriptorIO {
  /// /dev/null, for reading and writing.
  package static func openNull() throws -> Descriptor {
    Descriptor(owning: try systemCall("open(/dev/null)") { open("/dev/null", O_RDWR | O_CLOEXEC) })
  }
}
