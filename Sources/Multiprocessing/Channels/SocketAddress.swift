internal import MultiprocessingSystem

/// Where a `Listener` is found.
public enum SocketAddress: Sendable, Hashable, Codable {
  /// A path of the file system, up to 107 bytes. The file goes with the listener.
  case unix(path: String)
  /// A name that is in no file system, up to 107 bytes: gone with the listener, however it ends. Linux only.
  case abstract(name: String)
  /// A host by its name or number, and a port; 0 lets the system choose one, and an empty host means every interface.
  /// Needs an authentication key.
  case tcp(host: String, port: UInt16)

  var isNetwork: Bool { if case .tcp = self { true } else { false } }

  /// The path of a listener's file.
  var path: String? { if case .unix(let path) = self { path } else { nil } }

  /// What the system calls it, for local addresses.
  ///
  /// - Throws: `invalidArgument`.
  func localName() throws -> SocketName? {
    let name: SocketName?
    switch self {
    case .unix(let path): name = SocketName(path: path)
    case .abstract(let text): name = SocketName(abstract: text)
    case .tcp: return nil
    }
    if let name { return name }
    throw MultiprocessingError(
      .invalidArgument, "\(self): a path or name has 1 to \(SocketName.pathLimit - 1) bytes, and a path no NUL")
  }

  /// What the system calls it. May ask the network, and block the thread.
  ///
  /// - Throws: `invalidArgument`; `system` for a host that is not known.
  func names(isListening: Bool) throws -> [SocketName] {
    if let name = try localName() { return [name] }
    guard case .tcp(let host, let port) = self else { return [] }
    if host.utf8.contains(0) { throw MultiprocessingError(.invalidArgument, "\(self): a host has no NUL") }
    do {
      return try SocketName.resolve(host: host, port: port, isListening: isListening)
    } catch {
      throw MultiprocessingError(doing: "looking up \(self)", error)
    }
  }

  /// An address as the system wrote it; nil for a client without a name.
  init?(_ name: SocketName) {
    switch name.place {
    case .path(let path): self = .unix(path: path)
    case .abstract(let name): self = .abstract(name: name)
    case .host(let host, let port): self = .tcp(host: host, port: port)
    case .unnamed: return nil
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  /// "unix:/path", "abstract:name", "tcp:host:port".
  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .abstract(let name): "abstract:\(name)"
    case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
    }
  }
}
