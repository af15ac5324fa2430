internal import CMultiprocessing
internal import Glibc

/// A socket that carries a stream of bytes, never waits, and never raises SIGPIPE.
package struct StreamSocket: Sendable {
  package let descriptor: Descriptor

  package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// A new socket of the name's kind, close-on-exec.
  private init(for name: SocketName) throws {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    descriptor = Descriptor(sharing: try systemCall("socket") { socket(name.family, kind, 0) })
  }

  /// A socket that clients can connect to.
  package static func listening(at name: SocketName, backlog: Int32 = 1024) throws -> StreamSocket {
    let socket = try StreamSocket(for: name)
    if !name.isLocal { socket.set(SOL_SOCKET, SO_REUSEADDR) }
    try systemCall("bind") { name.withAddress { bind(socket.descriptor.number, $0, $1) } }
    try systemCall("listen") { listen(socket.descriptor.number, backlog) }
    return socket
  }

  /// A socket that is being connected; `isInProgress` when it will be writable as soon as that is decided.
  package static func connecting(to name: SocketName) throws -> (socket: StreamSocket, isInProgress: Bool) {
    let socket = try StreamSocket(for: name)
    do {
      try systemCall("connect") { name.withAddress { connect(socket.descriptor.number, $0, $1) } }
      return (socket, false)
    } catch let error as SystemError where error.isInProgress {
      return (socket, true)
    }
  }

  /// Throws why a connection could not be made, once it is decided.
  package func checkConnected() throws {
    var (number, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
    try systemCall("getsockopt") { getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &number, &length) }
    if number != 0 { throw SystemError(call: "connect", number: number) }
  }

  /// Small messages go at once, and a peer whose machine is gone is found two minutes after it last said something: it
  /// is asked after one minute of silence, then every ten seconds, and is gone when six questions got no answer.
  package func prepareForNetwork() {
    let tcp = Int32(IPPROTO_TCP)
    set(tcp, TCP_NODELAY)
    set(tcp, TCP_KEEPIDLE, 60)
    set(tcp, TCP_KEEPINTVL, 10)
    set(tcp, TCP_KEEPCNT, 6)
    set(SOL_SOCKET, SO_KEEPALIVE)
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32 = 1) {
    var value = value
    setsockopt(descriptor.number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The next client. Throws EAGAIN when there is none.
  package func accept() throws -> (socket: StreamSocket, peer: SocketName) {
    var number: Int32?
    let peer = try SocketName(
      filledBy: { address, length in
        try systemCall("accept4") { mp_socket_accept(descriptor.number, address, &length) }
      }, &number)
    return (StreamSocket(Descriptor(sharing: number!)), peer)
  }

  /// The address it has itself.
  package func name() throws -> SocketName {
    var status: Int32?
    return try SocketName(
      filledBy: { address, length in try systemCall("getsockname") { getsockname(descriptor.number, address, &length) }
      },
      &status)
  }

  /// Whether the process at the other end of a Unix socket belongs to this user or to root.
  package func isPeerTrusted() throws -> Bool {
    var user: UInt32 = 0
    try systemCall("getsockopt(SO_PEERCRED)") { mp_socket_peer_user(descriptor.number, &user) }
    return user == geteuid() || user == 0
  }
}

extension StreamSocket {
  /// Writes what there is room for, and returns how much. Throws EAGAIN when there is none.
  package func write(_ bytes: ArraySlice<UInt8>) throws -> Int {
    // SAFETY: the slice is read inside the call only.
    try bytes.withUnsafeBytes { buffer in
      try systemCall("send") {
        send(descriptor.number, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
    }
  }

  /// Appends at most `limit` bytes that have arrived, and returns how many; 0 at the end of the stream. Throws EAGAIN when
  /// there are none.
  package func read(into bytes: inout [UInt8], limit: Int) throws -> Int {
    // SAFETY: the kernel writes at most the room, and says how much it wrote.
    try withUnsafeTemporaryAllocation(byteCount: limit, alignment: 8) { buffer in
      let count = try systemCall("recv") {
        recv(descriptor.number, buffer.baseAddress!, limit, Int32(MSG_DONTWAIT))
      }
      bytes.append(contentsOf: buffer[..<count])
      return count
    }
  }
}

/// The file that a listening socket leaves in the file system.
package struct SocketFile: Sendable, Equatable {
  private let path: String
  private let device: UInt64
  private let inode: UInt64

  /// The file at a path; nil when there is none.
  package init?(at path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    // Wherever the process goes later.
    let directory = path.hasPrefix("/") ? nil : Executable.workingDirectory()
    self.path = directory.map { "\($0)/\(path)" } ?? path
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }

  /// Removes it, unless another has taken its place.
  package func remove() {
    if SocketFile(at: path) == self { unlink(path) }
  }
}
