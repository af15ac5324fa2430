import Foundation
import MultiprocessingAuthentication
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `The authentication of a listener` {
  @Test(arguments: AddressKind.allCases, [[], [0], pattern(32), pattern(5000)] as [[UInt8]])
  func `lets in who has the key, an empty one too`(kind: AddressKind, key: [UInt8]) async throws {
    let listener = try TextListener(at: kind.fresh(), authenticationKey: key)
    let (server, client) = try await meet(listener, key: key)
    try await server.send("welcome")
    #expect(try await client.receive() == "welcome")
  }

  @Test(arguments: AddressKind.allCases)
  func `turns away who has another key, and then lets others in`(kind: AddressKind) async throws {
    // HMAC alone would take keys that differ in zeros at their end for equal.
    let key = AuthenticationKey.random() + [0]
    let listener = try TextListener(at: kind.fresh(), authenticationKey: key)
    for wrong in [[], Array(key.dropLast()), key + [0], key + [1], key.reversed()] as [[UInt8]] {
      async let client = expectFailure(.authenticationFailed) {
        try await Texts.connect(to: listener.address, authenticationKey: wrong)
      }
      try await expectFailure(.authenticationFailed) { try await listener.accept(timeout: .seconds(50)) }
      _ = try await client
    }
    let (server, client) = try await meet(listener, key: key)
    try await client.send("still here")
    #expect(try await server.receive() == "still here")
  }

  @Test func `turns away clients without a key when they speak, and tells them`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh(), authenticationKey: [1])
    let client = try await Texts.connect(to: listener.address)
    try await client.send("let me in")
    try await expectFailure(.authenticationFailed) { try await listener.accept() }
    try await expectFailure(.closed) { try await client.receive() }
  }

  @Test func `is asked for by a client in vain where the listener has no key`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh())
    async let failure = expectFailure(.authenticationFailed) {
      try await Texts.connect(to: listener.address, authenticationKey: [1])
    }
    let server = try await listener.accept()
    try await expectFailure(.authenticationFailed) { try await server.receive() }
    _ = try await failure
    #expect(server.isClosed)
  }

  @Test func `ends at the timeout with a client that says nothing`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh(), authenticationKey: [1])
    let silent = try await RawSocket(to: listener.address)
    let start = ContinuousClock.now
    try await expectFailure(.timedOut) { try await listener.accept(timeout: .milliseconds(50)) }
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    await silent.expectEnd()
  }

  @Test func `takes no longer than its bound with a client that says nothing for ever`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh(), authenticationKey: [1])
    let silent = try await RawSocket(to: listener.address)
    let start = ContinuousClock.now
    try await expectFailure(.authenticationFailed) { try await listener.accept() }
    #expect(ContinuousClock.now - start >= Handshake.duration)
    await silent.expectEnd()
  }

  @Test func `lets a second task accept while the first has a slow client`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh(), authenticationKey: [1])
    let slow = try await RawSocket(to: listener.address)
    let first = Task { try await listener.accept() }
    let second = Task { try await listener.accept() }
    try await Task.sleep(for: .milliseconds(20))
    let client = try await Texts.connect(to: listener.address, authenticationKey: [1], timeout: .seconds(50))
    first.cancel()
    second.cancel()
    try await client.send("x")
    let results = [await first.result, await second.result]
    #expect(results.compactMap { try? $0.get() }.count == 1)
    withExtendedLifetime(slow) {}
  }

  @Test(
    arguments: [
      StreamHead(.value, length: 32).bytes, StreamHead(.hello, length: 33).bytes,
      StreamHead(.hello, length: 1 << 40).bytes,
      StreamHead(.hello, length: 31).bytes + pattern(31), StreamHead(.proof, length: 32).bytes + pattern(32),
      Array("GET / HTTP/1.1\r\n\r\n".utf8), Array(repeating: 0, count: 64), Array(repeating: 255, count: 4096),
      StreamHead(.hello, length: 32).bytes + pattern(32) + StreamHead(.proof, length: 32).bytes + pattern(32),
    ] as [[UInt8]])
  func `turns away who says something else`(bytes: [UInt8]) async throws {
    let listener = try TextListener(at: AddressKind.tcp.fresh(), authenticationKey: [1])
    let stranger = try await RawSocket(to: listener.address)
    await stranger.send(bytes)
    try await expectFailure(.authenticationFailed) { try await listener.accept(timeout: .seconds(8)) }
    if bytes.starts(with: StreamHead(.hello, length: 32).bytes) { _ = await stranger.receive(44) }
    await stranger.expectEnd()
  }

  @Test func `turns away who goes away inside it`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh(), authenticationKey: [1])
    let hello = StreamHead(.hello, length: 32).bytes + pattern(32)
    for count in [0, 5, 12, 30, 44] {
      do {
        let stranger = try await RawSocket(to: listener.address)
        await stranger.send(Array(hello.prefix(count)))
      }
      try await expectFailure(.authenticationFailed) { try await listener.accept(timeout: .seconds(8)) }
    }
  }

  @Test func `shows the client that the listener has the key`() async throws {
    let address = AddressKind.unix.fresh()
    let name = try #require(try address.localName())
    let impostor = try StreamSocket.listening(at: name)
    defer { SocketFile(at: address.path!)?.remove() }
    async let failure = expectFailure(.authenticationFailed) {
      try await Texts.connect(to: address, authenticationKey: [1])
    }
    var accepted: RawSocket?
    _ = await eventually {
      accepted = (try? impostor.accept()).map { RawSocket($0.socket) }
      return accepted != nil
    }
    let server = try #require(accepted)
    _ = await server.receive(44)
    await server.send(StreamHead(.challenge, length: 32).bytes + pattern(32))
    let proof = await server.receive(44)
    #expect(proof.count == 44)
    // Sent back, it is no welcome.
    await server.send(StreamHead(.welcome, length: 32).bytes + proof.suffix(32))
    _ = try await failure
    await server.expectEnd()
  }

  @Test func `lets no process of another user in`() async throws {
    guard getuid() == 0 else { return }
    let listener = try TextListener(at: AddressKind.abstract.fresh())
    let child = try ChildProcess.start(listener.address) { address in
      setgid(65_534)
      setuid(65_534)
      do {
        let connection = try await Texts.connect(to: address)
        _ = try await connection.receive()
        return "it was let in"
      } catch let error as MultiprocessingError {
        return error.code.description
      }
    }
    try await expectFailure(.authenticationFailed) { try await listener.accept(timeout: .seconds(50)) }
    #expect(try await child.value == "closed")
    // Root may look after the listeners of others: the other way round it is let in.
    let path = "/tmp/mp-test-\(UUID().uuidString)"
    // Its file is there before it listens: a client that comes between is refused by the system.
    let isListening = try Event()
    let other = try ChildProcess.start(path, isListening) { path, isListening in
      setgid(65_534)
      setuid(65_534)
      let listener = try TextListener(at: .unix(path: path))
      isListening.set()
      _ = try await listener.accept(timeout: .seconds(50))
    }
    #expect(try await isListening.wait(timeout: .seconds(50)))
    // Its listener belongs to another user than root: the client refuses it.
    try await expectFailure(.authenticationFailed) { try await Texts.connect(to: .unix(path: path)) }
    try await other.value
  }
}
