internal import CMultiprocessing
internal import Glibc

/// A system call that failed: its name and the error number.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  package let call: String
  package let number: Int32

  package init(call: String, number: Int32) {
    self.call = call
    self.number = number
  }

  /// The system's own words, for example "open: No such file or directory (errno 2)".
  package var description: String {
    "\(call): \(Self.text(of: number)) (errno \(number))"
  }

  package static func text(of number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      // SAFETY: written into the buffer, at most its size; safe from any thread.
      guard mp_error_text(number, buffer.baseAddress!, 256) == 0 else { return "unknown error" }
      return String(cString: buffer.baseAddress!)
    }
  }
}

/// Runs a system call that reports failure by -1 and `errno`, again when a signal interrupted it.
///
/// Not for `close`: on Linux the descriptor is gone even when `close` reports EINTR.
@discardableResult
package func systemCall<Result: SignedInteger>(
  _ name: StaticString, _ body: () throws -> Result
) throws -> Result {
  while true {
    let result = try body()
    if result != -1 { return result }
    let number = errno
    if number != EINTR { throw SystemError(call: "\(name)", number: number) }
  }
}

extension SystemError {
  /// The descriptor is in the set already.
  package var isAlreadyWatched: Bool { number == EEXIST }
  /// Nothing to read, or no room to write, now.
  package var wouldBlock: Bool { number == EAGAIN }
  /// The system does not do this at all, or not for us: trying again does not help.
  package var isRefusal: Bool { [ENOSYS, EPERM, EINVAL, EOPNOTSUPP].contains(number) }
  /// The peer is gone.
  package var isDisconnected: Bool { number == EPIPE || number == ECONNRESET || number == ENOTCONN }
  /// The peer may be there, and cannot be reached any more.
  package var isUnreachable: Bool { [ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNABORTED].contains(number) }
  /// The message is larger than the socket can hold.
  package var isTooLong: Bool { number == EMSGSIZE }
  /// A connection is being made, and will be writable when it is.
  package var isInProgress: Bool { number == EINPROGRESS }
  /// A client that was gone, or out of reach, before it was accepted: accept(2) names these for TCP.
  package var isAborted: Bool {
    isUnreachable || [ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET].contains(number)
  }
  /// Somebody listens at the address already, or did.
  package var isAddressInUse: Bool { number == EADDRINUSE }
  /// Nobody listens at the address.
  package var isRefused: Bool { number == ECONNREFUSED || number == ENOENT }
  /// No memory, no room in the file system that holds memory files, or a limit on their size.
  package var isOutOfMemory: Bool { [ENOMEM, ENOSPC, EFBIG].contains(number) }
  /// The limit of descriptors, of the process, the system or of those in flight.
  package var isOutOfDescriptors: Bool { number == EMFILE || number == ENFILE || number == ETOOMANYREFS }
}

extension SystemError {
  /// The error of a peer that went away while it was waited for.
  package static var disconnected: SystemError { SystemError(call: "recvmsg", number: ECONNRESET) }
}

extension SystemError {
  /// There is no such process.
  package var isNoSuchProcess: Bool { number == ESRCH }
}
