internal import CMultiprocessing
internal import Glibc

/// One end of a pair of Unix sockets that keep message boundaries and carry descriptors.
package struct MessageSocket: Sendable {
  package let descriptor: Descriptor

  package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// Most descriptors of one message.
  package static let descriptorLimit = Int(MP_MESSAGE_DESCRIPTORS)
  /// Most bytes of one message: a fraction of the smallest usual socket buffer, so that a send never has to wait for
  /// more room than one message.
  package static let byteLimit = 65_536

  /// Two connected ends, both close-on-exec.
  package static func pair() throws -> (MessageSocket, MessageSocket) {
    var numbers: (Int32, Int32) = (-1, -1)
    try systemCall("socketpair") {
      // SAFETY: a tuple of two Int32 is laid out like the array of two that the call fills.
      withUnsafeMutablePointer(to: &numbers) {
        $0.withMemoryRebound(to: Int32.self, capacity: 2) {
          socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(bitPattern: SOCK_CLOEXEC.rawValue), 0, $0)
        }
      }
    }
    return (MessageSocket(Descriptor(owning: numbers.0)), MessageSocket(Descriptor(owning: numbers.1)))
  }

  /// Ends it for both sides, whoever else has it: what is on its way still arrives.
  package func shutDown() { _ = shutdown(descriptor.number, Int32(SHUT_RDWR)) }

  /// Sends one message, waiting for room in the socket when `isBlocking`. Throws EAGAIN when there is none otherwise,
  /// EPIPE or ECONNRESET when the peer is gone.
  package func send(
    header: [UInt8], body: [UInt8] = [], descriptors: [Descriptor] = [], isBlocking: Bool = true
  ) throws {
    try withExtendedLifetime(descriptors) {
      try send(header: header, body: body, numbers: descriptors.map(\.number), isBlocking: isBlocking)
    }
  }

  /// The same with descriptors that the caller keeps open around the call.
  package func send(header: [UInt8], body: [UInt8] = [], numbers: [Int32], isBlocking: Bool = true) throws {
    _ = try systemCall("sendmsg") {
      // SAFETY: the arrays outlive the call, which only reads them.
      header.withUnsafeBytes { head in
        body.withUnsafeBytes { tail in
          numbers.withUnsafeBufferPointer {
            mp_message_send(
              descriptor.number, head.baseAddress!, head.count, tail.baseAddress, tail.count, $0.baseAddress,
              Int32($0.count), isBlocking ? 0 : 1)
          }
        }
      }
    }
  }

  /// The first bytes of the next message, which stays: fewer where it is shorter. Throws EAGAIN when there is none.
  package func peek(_ count: Int) throws -> [UInt8] {
    // SAFETY: the kernel writes at most the capacity.
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
      length = try systemCall("recv") {
        recv(descriptor.number, buffer.baseAddress!, count, Int32(MSG_PEEK | MSG_DONTWAIT))
      }
    }
  }

  /// A message as it came.
  package struct Message: Sendable {
    package var bytes: [UInt8]
    package var descriptors: [Descriptor]
  }

  /// The next message; nil at the end of the stream (every copy of the other end is closed). Throws EAGAIN when there
  /// is none and `isBlocking` is false, EMFILE for one whose descriptors this process has no room for: it is gone then, and
  /// `salvage` is called with its bytes, at least 64, zeros behind its own.
  // SAFETY: what is passed to `salvage` is valid for the call.
  package func receive(
    isBlocking: Bool, salvage: (UnsafeRawBufferPointer) -> Void = { _ in }
  ) throws -> Message? {
    // Room for the largest message, given back at once: what is kept is as long as what came.
    // SAFETY: the kernel writes at most the capacities, and says how much it wrote.
    let (bytes, descriptors) = try withUnsafeTemporaryAllocation(byteCount: Self.byteLimit, alignment: 8) { buffer in
      try withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.descriptorLimit) { numbers in
        var count: Int32 = 0
        let length: Int
        do {
          length = try systemCall("recvmsg") {
            count = Int32(Self.descriptorLimit)
            return mp_message_receive(
              descriptor.number, buffer.baseAddress!, buffer.count, numbers.baseAddress!, &count, isBlocking ? 0 : 1)
          }
        } catch let error as SystemError where error.isOutOfDescriptors {
          // SAFETY: the call has set them, and the buffer has room for more.
          salvage(UnsafeRawBufferPointer(rebasing: buffer[..<64]))
          throw error
        }
        return (Array(buffer[..<length]), numbers[..<Int(count)].map(Descriptor.init(owning:)))
      }
    }
    return bytes.isEmpty && descriptors.isEmpty ? nil : Message(bytes: bytes, descriptors: descriptors)
  }
}
