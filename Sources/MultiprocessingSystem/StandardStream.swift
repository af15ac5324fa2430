internal import Glibc

/// The process's standard error, without stdio: no buffer, and no lock that a forked copy could find taken.
package enum StandardStream {
  /// Writes the bytes to standard error, in one `write` where the system takes them at once.
  ///
  /// A failure is dropped: there is no better place to report that standard error does not work.
  package static func writeError(_ bytes: some Collection<UInt8>) {
    write(bytes, to: STDERR_FILENO)
  }

  /// Writes all bytes; a non-blocking descriptor that stays full for a second loses the rest.
  package static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      do {
        rest = rest.dropFirst(try writeOnce(rest, to: descriptor))
      } catch {
        guard error.number == EAGAIN, becomesWritable(descriptor) else { return }
      }
    }
  }

  /// What standard error is connected to.
  package static var errorTerminal: TerminalTraits { TerminalTraits(of: STDERR_FILENO) }

  private static func writeOnce(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(SystemError) -> Int {
    let result = bytes.withUnsafeBytes { buffer in
      // SAFETY: the kernel reads `buffer.count` bytes of a buffer that lives for this closure.
      Result { try systemCall("write") { Glibc.write(descriptor, buffer.baseAddress, buffer.count) } }
    }
    return try result.mapError { $0 as? SystemError ?? SystemError(call: "write", number: EIO) }.get()
  }

  private static func becomesWritable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one entry, and it outlives the call.
    return poll(&entry, 1, 1_000) == 1
  }
}
