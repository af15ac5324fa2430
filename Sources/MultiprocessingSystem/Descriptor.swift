internal import CMultiprocessing
internal import Glibc

/// A file descriptor that is closed with its last reference.
///
/// Every descriptor of the library is one of these: close-on-exec, and marked private, so that a forked copy of the
/// process closes it (`mp_descriptor.h`). Only those of shared memory are kept by copies, which inherit its mappings and
/// may pass it on.
package final class Descriptor: Sendable {
  /// The number, valid as long as this object lives.
  package let number: Int32
  /// Set where a forked copy has closed the number already, and may use it for something else.
  private let generation: UInt32?

  /// Takes ownership of an open descriptor. One that lies on 0, 1 or 2, in a program started without standard streams,
  /// is moved.
  package init(owning number: Int32) {
    self.number = mp_private_adopt(number)
    generation = mp_fork_generation()
  }

  /// Takes ownership of an open descriptor that forked copies of the process keep.
  package init(sharing number: Int32) {
    self.number = mp_private_adopt(number)
    mp_private_unmark(self.number)
    generation = nil
  }

  deinit {
    if let generation {
      guard generation == mp_fork_generation() else { return }
      mp_private_unmark(number)
    }
    close(number)
  }
}

extension Descriptor {
  /// Whether the number is one of the library's.
  package static func isOurs(_ number: Int32) -> Bool { mp_private_is_marked(number) == 1 }

  /// A descriptor for the same open file that forked copies of the process keep.
  package static func sharing(_ descriptor: Descriptor) throws -> Descriptor {
    try withExtendedLifetime(descriptor) {
      Descriptor(
        sharing: try systemCall("fcntl(F_DUPFD_CLOEXEC)") { fcntl(descriptor.number, F_DUPFD_CLOEXEC, 3) })
    }
  }

  /// A descriptor of our own for the same open file.
  package static func duplicating(_ number: Int32) throws -> Descriptor {
    Descriptor(owning: try systemCall("fcntl(F_DUPFD_CLOEXEC)") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
  }
}

/// A descriptor that a forked copy keeps. Closed by hand.
package struct UnmarkedDescriptor: Sendable {
  package let number: Int32

  /// Another number for the same open file, close-on-exec.
  package init(copying descriptor: Int32) throws {
    number = try systemCall("fcntl(F_DUPFD_CLOEXEC)") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }
  }

  package func close() { Glibc.close(number) }
}
