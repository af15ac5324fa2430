/// How a socket is used, for the process that it is sent to.
struct LinkPassport: Codable, Sendable {
  enum Kind: UInt8, Codable, Sendable { case datagrams, stream }

  var kind: Kind
  /// The build that made the pair.
  var build: UInt64 = 0
  var isPortable = true
  /// Longest message of a stream.
  var limit = 0

  init(_ kind: Kind) { self.kind = kind }

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    kind = try container.decode(Kind.self)
    build = try container.decode(UInt64.self)
    isPortable = try container.decode(Bool.self)
    limit = max(0, try container.decode(Int.self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(kind)
    try container.encode(build)
    try container.encode(isPortable)
    try container.encode(limit)
  }

  /// The link in the process that it was sent to.
  var link: any Link {
    switch kind {
    case .datagrams: DatagramLink(PairFormat(isPortable: isPortable || build != BuildIdentity.own.hash, build: build))
    case .stream: StreamLink(limit: limit)
    }
  }
}
