import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `A connection of a listener` {
  private typealias Bytes = Connection<[UInt8], [UInt8]>

  /// An accepted connection, and a peer that says what the test likes.
  private func meetStranger(limit: Int = 1 << 30) async throws -> (Bytes, RawSocket) {
    let listener = try Listener<[UInt8], [UInt8]>(at: AddressKind.unix.fresh(), messageLimit: limit)
    let stranger = try await RawSocket(to: listener.address)
    return (try await listener.accept(), stranger)
  }

  @Test(
    arguments: [
      Array(repeating: 0, count: 12), Array("GET / HTTP/1.1\r\n\r\n".utf8), StreamHead(.value, length: 1001).bytes,
      StreamHead(.bytes, length: .max).bytes, [1, 1, 0, 0] + Array(repeating: 255, count: 8),
    ] as [[UInt8]])
  func `is closed by something that is no message`(bytes: [UInt8]) async throws {
    let (connection, stranger) = try await meetStranger(limit: 1000)
    await stranger.send(StreamHead(.bytes, length: 3).bytes + [1, 2, 3] + bytes)
    #expect(try await connection.receive() == [1, 2, 3])
    try await expectFailure(.notTransferable) { try await connection.receive(timeout: .seconds(50)) }
    #expect(connection.isClosed)
    // What was not read makes it a reset, which is an end too.
    await stranger.expectEnd()
    try await expectFailure(.closed) { try await connection.receive() }
  }

  @Test func `tells that its peer went away inside a message`() async throws {
    for count in [1, 11, 12, 15] {
      let (connection, stranger) = try await meetStranger()
      let message = StreamHead(.bytes, length: 5).bytes + pattern(5)
      await stranger.send(message + message.prefix(count))
      shutdown(stranger.socket.descriptor.number, Int32(SHUT_RDWR))
      #expect(try await connection.receive() == pattern(5))
      try await expectFailure(.disconnected) { try await connection.receive() }
    }
  }

  @Test func `refuses values that are no CBOR, and goes on`() async throws {
    let (connection, stranger) = try await meetStranger()
    for body in [[], [0xFF], [0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x61, 0x61], [0x41, 1, 2]]
      as [[UInt8]]
    {
      await stranger.send(StreamHead(.value, length: body.count).bytes + body)
      try await expectFailure(.notTransferable) { try await connection.receive() }
    }
    await stranger.send(StreamHead(.value, length: 3).bytes + [0x42, 8, 9])
    #expect(try await connection.receive() == [8, 9])
  }

  @Test func `waits for a slow peer, and keeps what has come when it does not`() async throws {
    let (connection, stranger) = try await meetStranger()
    let message = StreamHead(.bytes, length: 20).bytes + pattern(20)
    for byte in message.dropLast() {
      await stranger.send([byte])
      try await expectFailure(.timedOut) { try await connection.receive(timeout: .milliseconds(1)) }
    }
    let cancelled = Task { try await connection.receive() }
    try await Task.sleep(for: .milliseconds(5))
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
    #expect(!connection.isReadable)
    #expect(throws: MultiprocessingError.self) { try TransferCoder<Bytes>().encode(connection, .sameBuild) }
    await stranger.send([message[31]])
    #expect(try await connection.receive() == pattern(20))
    _ = try TransferCoder<Bytes>().encode(connection, .sameBuild)
  }

  @Test func `ends a message that never ends at the limit`() async throws {
    let (connection, stranger) = try await meetStranger(limit: 1 << 20)
    let flood = Task {
      // Messages within the limit, then one above it.
      for _ in 0..<3 { await stranger.send(StreamHead(.bytes, length: 1 << 20).bytes + pattern(1 << 20)) }
      return await stranger.send(StreamHead(.bytes, length: 1 << 40).bytes + pattern(4 << 20))
    }
    for _ in 0..<3 { #expect(try await connection.receive().count == 1 << 20) }
    try await expectFailure(.notTransferable) { try await connection.receive() }
    #expect(await flood.value < 2 << 20)
  }

  @Test func `refuses to send above the limit, and sends nothing of it`() async throws {
    let (connection, stranger) = try await meetStranger(limit: 10)
    try await expectFailure(.limitExceeded) { try await connection.sendBytes(pattern(11)) }
    try await connection.sendBytes(pattern(10))
    #expect(await stranger.receive(22) == StreamHead(.bytes, length: 10).bytes + pattern(10))
  }

  @Test func `leaves a message above a receiver's limit where it is`() async throws {
    let (connection, stranger) = try await meetStranger()
    await stranger.send(StreamHead(.bytes, length: 20).bytes + pattern(20) + StreamHead(.bytes, length: 0).bytes)
    try await expectFailure(.limitExceeded) { try await connection.receiveBytes(limit: 19) }
    #expect(try await connection.receiveBytes(limit: 20) == pattern(20))
    #expect(try await connection.receiveBytes(limit: 0) == [])
  }

  /// Sends that end half-way, one after another, and what arrives.
  @Test func `keeps boundaries when a send ends half-way`() async throws {
    let listener = try Listener<[UInt8], [UInt8]>(at: AddressKind.unix.fresh())
    async let accepted = listener.accept()
    let client = try await Bytes.connect(to: listener.address)
    let server = try await accepted
    let large = pattern(3_000_000)
    try await expectFailure(.timedOut) { try await client.send(large, timeout: .milliseconds(30)) }
    // Begun: the rest goes first. Not begun: these are gone.
    try await expectFailure(.timedOut) { try await client.send([1], timeout: .milliseconds(10)) }
    let cancelled = Task { try await client.send([2]) }
    try await Task.sleep(for: .milliseconds(10))
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    #expect(throws: MultiprocessingError.self) { try TransferCoder<Bytes>().encode(client, .sameBuild) }
    let next = Task {
      try await client.send([3])
      try await client.sendBytes([])
    }
    #expect(try await server.receive() == large)
    #expect(try await server.receive() == [3])
    #expect(try await server.receiveBytes() == [])
    try await next.value
    // One that is begun and then abandoned with its connection is an end inside a message.
    try await expectFailure(.timedOut) { try await client.send(large, timeout: .milliseconds(10)) }
    client.close()
    try await expectFailure(.disconnected) { while true { _ = try await server.receive() } }
  }

  @Test func `keeps messages of several tasks and threads whole`() async throws {
    let listener = try Listener<[UInt8], [UInt8]>(at: AddressKind.unix.fresh())
    async let accepted = listener.accept()
    let client = try await Bytes.connect(to: listener.address)
    let server = try await accepted
    try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
      for sender in 0..<4 as Range<UInt8> {
        group.addTask {
          for size in [1, 100_000, 500_000, 7] {
            try await client.send(Array(repeating: sender, count: size), timeout: .seconds(50))
          }
          return []
        }
      }
      for _ in 0..<4 {
        group.addTask {
          var own: [[UInt8]] = []
          for _ in 0..<4 { own.append(try await server.receive()) }
          return own
        }
      }
      var all: [[UInt8]] = []
      for try await part in group { all += part }
      #expect(all.count == 16)
      for message in all { #expect(Set(message).count == 1) }
      #expect(all.map(\.count).sorted() == [1, 7, 100_000, 500_000].flatMap { Array(repeating: $0, count: 4) })
    }
  }

  @Test func `sends nothing behind a message that the system cut off`() async throws {
    let (connection, stranger) = try await meetStranger()
    let step = try connection.core.sending(bytes: pattern(4 << 20))
    guard case .wait = try step(try connection.core.end.descriptor()) else {
      Issue.record("the socket takes everything")
      return
    }
    // What is no socket stands for one that fails.
    let (_, broken) = try DescriptorIO.pipe()
    let error = #expect(throws: MultiprocessingError.self) { _ = try step(broken) }
    #expect(error?.code == .system)
    await #expect(throws: MultiprocessingError.self) { try await connection.sendBytes([1]) }
    let came = await stranger.receive(8 << 20)
    let whole = StreamHead(.bytes, length: 4 << 20).bytes + pattern(4 << 20)
    #expect(came.count < 4 << 20 && came[...] == whole.prefix(came.count))
  }

  @Test func `goes on after a message of which nothing went, which then never goes`() async throws {
    let (connection, stranger) = try await meetStranger()
    let step = try connection.core.sending(bytes: [7, 7, 7])
    let (_, broken) = try DescriptorIO.pipe()
    #expect(throws: MultiprocessingError.self) { _ = try step(broken) }
    try await connection.sendBytes([1])
    let expected = StreamHead(.bytes, length: 1).bytes + [1]
    #expect(await stranger.receive(expected.count) == expected)
  }

  @Test(arguments: [ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNABORTED])
  func `calls a peer that cannot be reached any more disconnected`(number: Int32) {
    let error = MultiprocessingError.ofSocket("sending", SystemError(call: "send", number: number))
    #expect(error.code == .disconnected)
  }

  @Test func `of a network finds a peer whose machine is gone, and sends small messages at once`() async throws {
    let listener = try TextListener(at: AddressKind.tcp.fresh(), authenticationKey: [1])
    let (server, client) = try await meet(listener, key: [1])
    for end in [server, client] {
      let options = [
        (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60),
        (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10), (Int32(IPPROTO_TCP), TCP_KEEPCNT, 6),
      ]
      for (level, option, expected) in options {
        var (value, length) = (Int32(-1), socklen_t(4))
        #expect(getsockopt(end.fileDescriptor, level, option, &value, &length) == 0)
        #expect(value == Int32(expected), "option \(option)")
      }
    }
  }

  @Test func `tells its senders that the peer is gone, without a signal`() async throws {
    let (connection, stranger) = try await meetStranger()
    let sender = Task { while true { try await connection.send(pattern(10_000)) } }
    _ = await stranger.receive(50_000)
    shutdown(stranger.socket.descriptor.number, Int32(SHUT_RDWR))
    try await expectFailure(.closed) { try await sender.value }
  }
}
