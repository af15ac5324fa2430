internal import Glibc

// SAFETY: `bytes` always has room for the largest address of the system, and `length` of them are set.

/// An address as the system writes it.
package struct SocketName: Sendable {
  /// What it says, in the library's own terms.
  package enum Place: Sendable, Hashable {
    case path(String)
    case abstract(String)
    case host(String, port: UInt16)
    /// A client that gave itself no name.
    case unnamed
  }

  private var bytes: [UInt8]
  private var length: Int

  private static let room = MemoryLayout<sockaddr_storage>.size
  private static let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
  /// Most bytes of a path, the NUL behind it included, or of an abstract name, the NUL before it included.
  package static let pathLimit = MemoryLayout<sockaddr_un>.size - pathOffset

  private init(_ content: [UInt8]) {
    length = content.count
    bytes = content + [UInt8](repeating: 0, count: Self.room - content.count)
  }

  /// A path of the file system; nil when it is empty, too long or holds a NUL.
  package init?(path: String) {
    self.init(local: Array(path.utf8) + [0])
    if path.isEmpty || path.utf8.contains(0) { return nil }
  }

  /// A name that is in no file system; nil when it is empty or too long.
  package init?(abstract name: String) {
    self.init(local: [0] + Array(name.utf8))
    if name.isEmpty { return nil }
  }

  private init?(local name: [UInt8]) {
    guard name.count <= Self.pathLimit else { return nil }
    var family = sa_family_t(AF_UNIX)
    self.init(withUnsafeBytes(of: &family) { Array($0) } + name)
  }

  /// Room for a call to fill, and what it made of it.
  init<Result>(filledBy call: (UnsafeMutablePointer<sockaddr>, inout UInt32) throws -> Result, _ result: inout Result?)
    throws
  {
    bytes = [UInt8](repeating: 0, count: Self.room)
    var count = UInt32(Self.room)
    // SAFETY: the array is as long as the call is told, and as aligned as arrays are, to 16.
    result = try bytes.withUnsafeMutableBytes {
      try call($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &count)
    }
    length = min(Int(count), Self.room)
  }

  func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, UInt32) throws -> Result) rethrows -> Result {
    // SAFETY: as above; only read.
    try bytes.withUnsafeBytes { try body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), UInt32(length)) }
  }

  var family: Int32 { withAddress { address, _ in Int32(address.pointee.sa_family) } }
  package var isLocal: Bool { family == AF_UNIX }

  package var place: Place {
    if !isLocal { return host }
    let name = bytes[..<length].dropFirst(Self.pathOffset)
    guard let first = name.first else { return .unnamed }
    if first == 0 { return .abstract(String(decoding: name.dropFirst(), as: UTF8.self)) }
    return .path(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
  }

  private var host: Place {
    var (name, port) = ([CChar](repeating: 0, count: Int(NI_MAXHOST)), [CChar](repeating: 0, count: 32))
    let status = withAddress { address, length in
      getnameinfo(
        address, length, &name, socklen_t(name.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard status == 0, let number = UInt16(Self.text(port)) else { return .unnamed }
    return .host(Self.text(name), port: number)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension SocketName {
  /// A name that has no address: the system's words.
  package struct Unresolved: Error, CustomStringConvertible { package let description: String }

  /// The addresses of a host, in the order in which they should be tried. May ask the network, and block the thread for
  /// long.
  package static func resolve(host: String, port: UInt16, isListening: Bool) throws -> [SocketName] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (isListening ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host.isEmpty ? nil : host, "\(port)", &hints, &list)
    guard status == 0 else { throw Unresolved(description: "getaddrinfo: \(String(cString: gai_strerror(status)))") }
    defer { freeaddrinfo(list) }
    var names: [SocketName] = []
    var next = list
    // SAFETY: the list is the system's until it is freed; each entry has as many bytes of address as it says.
    while let entry = next?.pointee {
      names.append(SocketName(Array(UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen)))))
      next = entry.ai_next
    }
    return names
  }
}
