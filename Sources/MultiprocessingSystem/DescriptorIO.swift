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
