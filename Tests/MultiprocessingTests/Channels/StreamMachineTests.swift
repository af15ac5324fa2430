import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite struct `The reading of a stream` {
  private let rule = StreamReading.Rule(limit: 1000, isHandshake: false)

  /// Gives it a stream, each time as much as it wants and at most `piece`, and returns the messages.
  private func messages(of stream: [UInt8], piece: Int) throws -> [StreamReading.Whole] {
    var (reading, rest, found) = (StreamReading(), stream[...], [StreamReading.Whole]())
    while true {
      if let whole = reading.take() { found.append(try whole.get()) }
      if rest.isEmpty { return found }
      let part = rest.prefix(min(reading.wanted, piece))
      rest = rest.dropFirst(part.count)
      try reading.accept(Array(part), under: rule)
    }
  }

  @Test(arguments: [1, 2, 7, 12, 13, 10_000])
  func `finds the messages however they are cut`(piece: Int) throws {
    let bodies = [[], [1], pattern(500), [], pattern(1000)] as [[UInt8]]
    let stream = bodies.flatMap { StreamHead(.bytes, length: $0.count).bytes + $0 }
    let found = try messages(of: stream, piece: piece)
    #expect(found == bodies.map { StreamReading.Whole(kind: .bytes, body: $0) })
  }

  @Test func `never asks for what belongs to the next message`() throws {
    var reading = StreamReading()
    #expect(reading.wanted == 12 && !reading.isPartial)
    try reading.accept([1, 1, 0], under: rule)
    #expect(reading.wanted == 9 && reading.isPartial)
    try reading.accept([0, 0, 0, 0, 0, 0, 0, 0, 5], under: rule)
    #expect(reading.wanted == 5 && reading.isPartial)
    try reading.accept([1, 2, 3], under: rule)
    #expect(reading.wanted == 2 && reading.take() == nil)
  }

  @Test func `makes no room for what is said to come, only for what has come`() throws {
    var reading = StreamReading()
    let rule = StreamReading.Rule(limit: .max, isHandshake: false)
    try reading.accept(StreamHead(.bytes, length: 1 << 40).bytes, under: rule)
    #expect(reading.body.capacity == 0)
    for _ in 0..<50 {
      try reading.accept(pattern(1000), under: rule)
      // The allocator rounds up.
      #expect(reading.body.capacity <= 4 * reading.body.count)
    }
    #expect(reading.body.count == 50_000 && reading.wanted > 0)
  }

  @Test(
    arguments: [
      Array(repeating: 0, count: 12), Array(repeating: 255, count: 12), [1, 2, 0, 0] + Array(repeating: 0, count: 8),
      [1, 1, 0, 1] + Array(repeating: 0, count: 8), [3, 1, 0, 0] + Array(repeating: 0, count: 8),
      StreamHead(.value, length: 1001).bytes, [1, 1, 0, 0] + Array(repeating: 255, count: 8),
    ] as [[UInt8]])
  func `ends with a head that it does not allow`(head: [UInt8]) {
    var reading = StreamReading()
    let error = #expect(throws: MultiprocessingError.self) { try reading.accept(head, under: rule) }
    #expect(error?.code == .notTransferable)
    #expect(reading.isBroken)
  }

  @Test(arguments: [(StreamHead.Kind.hello, false), (.welcome, false), (.value, true), (.bytes, true)])
  func `tells that one side has a key and the other none`(kind: StreamHead.Kind, isHandshake: Bool) {
    var reading = StreamReading()
    let error = #expect(throws: MultiprocessingError.self) {
      try reading.accept(
        StreamHead(kind, length: 32).bytes, under: isHandshake ? Handshake.rule : .init(limit: 32, isHandshake: false))
    }
    #expect(error?.code == .authenticationFailed && reading.isBroken)
  }
}

@Suite struct `The writing of a stream` {
  @Test func `finishes a message that was begun before the next`() {
    var writing = StreamWriting()
    #expect(writing.next == nil && !writing.isPartial)
    let first = writing.begin([[1, 2], [], [3]])
    writing.wrote(1)
    #expect(writing.next == [2] && writing.isPartial && !writing.isOut(first))
    writing.wrote(1)
    writing.wrote(1)
    #expect(writing.next == nil && writing.isOut(first))
    let second = writing.begin([[4]])
    #expect(writing.isOut(first) && !writing.isOut(second))
    writing.wrote(1)
    #expect(writing.isOut(second))
  }

  @Test func `forgets a message of which nothing went`() {
    var writing = StreamWriting()
    _ = writing.begin([[1, 2]])
    writing.abandon()
    #expect(writing.next == nil && !writing.isPartial)
  }
}

@Suite struct `A handshake` {
  /// Lets two talk, with a change to what crosses, and returns whether both are done.
  private func talk(
    _ client: inout Handshake, _ server: inout Handshake,
    changing change: (inout Handshake.Reply) -> Void = { _ in }
  ) throws -> Bool {
    var (next, isForServer) = (client.opening, true)
    while var message = next {
      change(&message)
      next =
        isForServer
        ? try server.accept(message.kind, message.body) : try client.accept(message.kind, message.body)
      isForServer.toggle()
    }
    return client.isDone && server.isDone
  }

  @Test(arguments: [[], [0], pattern(32), pattern(1000)] as [[UInt8]])
  func `succeeds between two that have the same key`(key: [UInt8]) throws {
    var (client, server) = (Handshake(.client, key: key), Handshake(.server, key: key))
    #expect(try talk(&client, &server))
  }

  @Test func `fails between two keys, at the server, which then says nothing`() {
    var (client, server) = (Handshake(.client, key: [1]), Handshake(.server, key: [2]))
    var sent: [StreamHead.Kind] = []
    let error = #expect(throws: MultiprocessingError.self) {
      _ = try talk(&client, &server) { sent.append($0.kind) }
    }
    #expect(error?.code == .authenticationFailed)
    #expect(sent == [.hello, .challenge, .proof])
    #expect(!client.isDone && !server.isDone)
  }

  @Test(arguments: [StreamHead.Kind.proof, .welcome])
  func `fails by a code that is changed in one bit`(kind: StreamHead.Kind) {
    var (client, server) = (Handshake(.client, key: [1]), Handshake(.server, key: [1]))
    let error = #expect(throws: MultiprocessingError.self) {
      _ = try talk(&client, &server) { if $0.kind == kind { $0.body[31] ^= 1 } }
    }
    #expect(error?.code == .authenticationFailed)
    #expect(!client.isDone)
  }

  @Test func `fails when a code is sent back, or a step is left out`() throws {
    var client = Handshake(.client, key: [1])
    let nonce = [UInt8](repeating: 7, count: 32)
    let proof = try #require(try client.accept(.challenge, nonce))
    #expect(throws: MultiprocessingError.self) { try client.accept(.welcome, proof.body) }
    #expect(throws: MultiprocessingError.self) { try client.accept(.welcome, nonce) }
    for kind in [StreamHead.Kind.proof, .challenge, .welcome] {
      var server = Handshake(.server, key: [1])
      #expect(throws: MultiprocessingError.self) { try server.accept(kind, nonce) }
    }
    for length in [0, 31, 33] {
      var server = Handshake(.server, key: [1])
      #expect(throws: MultiprocessingError.self) { try server.accept(.hello, Array(repeating: 0, count: length)) }
    }
  }

  @Test func `uses numbers that are not used again`() {
    let nonces = (0..<100).map { _ in Handshake.randomNonce() }
    #expect(Set(nonces).count == 100)
  }

  /// RFC 4231, test cases 1 and 2.
  @Test func `computes HMAC-SHA-256`() {
    let first = AuthenticationCode.make(key: Array(repeating: 0x0b, count: 20), message: Array("Hi There".utf8))
    #expect(first.hex == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    let message = Array("what do ya want for nothing?".utf8)
    let second = AuthenticationCode.make(key: Array("Jefe".utf8), message: message)
    #expect(second.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(AuthenticationCode.isValid(second, key: Array("Jefe".utf8), message: message))
    #expect(!AuthenticationCode.isValid(first, key: Array("Jefe".utf8), message: message))
    #expect(!AuthenticationCode.isValid(Array(second.prefix(31)), key: Array("Jefe".utf8), message: message))
  }

  @Test func `needs its product, and TCP a key`() throws {
    let (tcp, unix) = (SocketAddress.tcp(host: "localhost", port: 0), SocketAddress.unix(path: "/x"))
    for (address, key) in [(tcp, nil), (tcp, [1]), (unix, [1])] as [(SocketAddress, [UInt8]?)] {
      let error = #expect(throws: MultiprocessingError.self) {
        try Authentication.check(address, key, isAvailable: false)
      }
      #expect(error?.code == .unsupported)
      #expect(error?.message.contains("MultiprocessingAuthentication") == true)
    }
    try Authentication.check(unix, nil, isAvailable: false)
    try Authentication.check(tcp, [1], isAvailable: true)
    let error = #expect(throws: MultiprocessingError.self) { try Authentication.check(tcp, nil, isAvailable: true) }
    #expect(error?.code == .invalidArgument)
  }
}

extension [UInt8] {
  fileprivate var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
