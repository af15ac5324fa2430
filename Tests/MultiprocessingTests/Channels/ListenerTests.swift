import Foundation
import MultiprocessingAuthentication
import Testing

@testable import Multiprocessing

private func blockingAccept(_ listener: TextListener, timeout: Duration) throws -> Texts {
  try listener.blocking.accept(timeout: timeout)
}

@Suite(.isolated) struct `A listener` {
  @Test(arguments: AddressKind.allCases)
  func `accepts clients, and both talk`(kind: AddressKind) async throws {
    let listener = try TextListener(at: kind.fresh(), authenticationKey: kind.key)
    #expect(listener.lastAccepted == nil)
    for _ in 0..<3 {
      let (server, client) = try await meet(listener, key: kind.key)
      try await client.send("question")
      #expect(try await server.receive() == "question")
      try await server.send("answer")
      #expect(try await client.poll(timeout: .seconds(50)))
      #expect(try await client.receive() == "answer")
      client.close()
      try await expectFailure(.closed) { try await server.receive() }
    }
    if case .tcp(let host, let port) = try #require(kind == .tcp ? listener.lastAccepted : listener.address) {
      #expect(host == "127.0.0.1" || host == "::1")
      #expect(port > 0)
    }
    if case .tcp(_, let port) = listener.address { #expect(port > 0) }
  }

  @Test(arguments: AddressKind.allCases, StartMethod.forTasks)
  func `hears a client in another process`(kind: AddressKind, method: StartMethod) async throws {
    let listener = try TextListener(at: kind.fresh(), authenticationKey: kind.key)
    let child = try ChildProcess.start(listener.address, kind.key, context: ProcessContext(method)) { address, key in
      let connection = try await Texts.connect(to: address, authenticationKey: key)
      try await connection.send("hello")
      return try await connection.receive()
    }
    let server = try await listener.accept()
    #expect(try await server.receive() == "hello")
    try await server.send("bye")
    #expect(try await child.value == "bye")
    try await expectFailure(.closed) { try await server.receive() }
  }

  @Test(arguments: AddressKind.allCases)
  func `carries messages of any size, whole`(kind: AddressKind) async throws {
    let listener = try TextListener(at: kind.fresh(), authenticationKey: kind.key)
    let (server, client) = try await meet(listener, key: kind.key)
    let sizes = [0, 1, 11, 65_535, 65_536, 65_537, 5_000_000]
    let sender = Task {
      for size in sizes {
        try await client.sendBytes(pattern(size))
        try await client.send(String(repeating: "x", count: size))
      }
    }
    for size in sizes {
      #expect(try await server.receiveBytes() == pattern(size))
      #expect(try await server.receive().utf8.count == size)
    }
    try await sender.value
    #expect(!server.isReadable)
  }

  @Test(arguments: AddressKind.allCases)
  func `is the only one at its address`(kind: AddressKind) async throws {
    let listener = try TextListener(at: kind.fresh(), authenticationKey: kind.key)
    let error = try await expectFailure(.system) {
      try TextListener(at: listener.address, authenticationKey: kind.key)
    }
    #expect(error.message.contains("in use"))
    let (_, _) = try await meet(listener, key: kind.key)
  }

  @Test(arguments: [AddressKind.unix, .abstract])
  func `receives what a client sent that is gone before it is accepted`(kind: AddressKind) async throws {
    let listener = try TextListener(at: kind.fresh())
    do {
      let client = try await Texts.connect(to: listener.address)
      try await client.send("first")
      try await client.send("last")
      client.close()
    }
    let server = try await listener.accept()
    #expect(try await server.receive() == "first")
    #expect(try await server.receive() == "last")
    try await expectFailure(.closed) { try await server.receive() }
  }

  @Test func `removes its file when it is closed, and another can take the place`() async throws {
    let address = AddressKind.unix.fresh()
    let path = try #require(address.path)
    for _ in 0..<2 {
      let listener = try TextListener(at: address)
      #expect(FileManager.default.fileExists(atPath: path))
      listener.close()
      #expect(!FileManager.default.fileExists(atPath: path))
      try await expectFailure(.closed) { try await listener.accept() }
      listener.close()
    }
    _ = try TextListener(at: address)
    #expect(!FileManager.default.fileExists(atPath: path))
    try await expectFailure(.system) { try await Texts.connect(to: address) }
  }

  @Test func `leaves a file alone that took its place`() throws {
    let address = AddressKind.unix.fresh()
    let path = try #require(address.path)
    let listener = try TextListener(at: address)
    unlink(path)
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    listener.close()
    #expect(FileManager.default.fileExists(atPath: path))
    unlink(path)
  }

  @Test func `works in a forked copy, whose end leaves the file`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh())
    let child = try ChildProcess<Void>.fork {
      let connection = try blockingAccept(listener, timeout: .seconds(50))
      try connection.blocking.send(try connection.blocking.receive() as String + "!")
    }
    let client = try await Texts.connect(to: listener.address)
    try await client.send("hi")
    #expect(try await client.receive() == "hi!")
    try await child.value
    #expect(FileManager.default.fileExists(atPath: try #require(listener.address.path)))
  }

  @Test func `waits with a timeout, a cancellation and others`() async throws {
    let listener = try TextListener(at: AddressKind.abstract.fresh())
    try await expectFailure(.timedOut) { try await listener.accept(timeout: .milliseconds(20)) }
    try await expectFailure(.timedOut) {
      try await onThread { try blockingAccept(listener, timeout: .milliseconds(20)) }
    }
    let wait = Task { try await listener.accept() }
    try await Task.sleep(for: .milliseconds(5))
    wait.cancel()
    await #expect(throws: CancellationError.self) { _ = try await wait.value }
    #expect(try await waitForAny(of: [listener], timeout: .milliseconds(10)).isEmpty)
    let client = try await Texts.connect(to: listener.address)
    #expect(try await waitForAny(of: [listener], timeout: .seconds(50)).count == 1)
    let server = try await listener.accept(timeout: .zero)
    try await server.send("x")
    #expect(try await client.receive() == "x")
    let last = Task { try await listener.accept() }
    let thread = Task { try await onThread { try blockingAccept(listener, timeout: .seconds(90)) } }
    try await Task.sleep(for: .milliseconds(20))
    listener.close()
    try await expectFailure(.closed) { try await last.value }
    try await expectFailure(.closed) { try await thread.value }
    #expect(try await waitForAny(of: [listener]).count == 1)
  }

  @Test func `survives signals`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh())
    let isPrepared = try Event()
    let child = try ChildProcess<String>.fork {
      signal(SIGUSR1) { _ in }
      isPrepared.set()
      let connection = try blockingAccept(listener, timeout: .seconds(50))
      return try connection.blocking.receive()
    }
    try await isPrepared.wait()
    for _ in 0..<10 {
      usleep(3000)
      kill(child.id, SIGUSR1)
    }
    let client = try await Texts.connect(to: listener.address)
    usleep(3000)
    kill(child.id, SIGUSR1)
    try await client.send("all the same")
    #expect(try await child.value == "all the same")
  }

  @Test(
    arguments: [
      .unix(path: ""), .unix(path: "/tmp/\(String(repeating: "x", count: 103))"), .unix(path: "/tmp/a\0b"),
      .abstract(name: String(repeating: "x", count: 108)), .abstract(name: ""), .tcp(host: "a\0b", port: 1),
    ] as [SocketAddress])
  func `refuses addresses that cannot be`(address: SocketAddress) async throws {
    try await expectFailure(.invalidArgument) { try TextListener(at: address, authenticationKey: [1]) }
    try await expectFailure(.invalidArgument) { try await Texts.connect(to: address, authenticationKey: [1]) }
  }

  @Test func `that nobody made is an error at once`() async throws {
    let closed = try TextListener(at: AddressKind.tcp.fresh(), authenticationKey: [1])
    let address = closed.address
    closed.close()
    for address in [AddressKind.unix.fresh(), AddressKind.abstract.fresh(), address] {
      try await expectFailure(.system) { try await Texts.connect(to: address, authenticationKey: [1]) }
    }
    try await expectFailure(.system) { try TextListener(at: .unix(path: "/nonexistent/x")) }
    let unknown = SocketAddress.tcp(host: "host.invalid", port: 1)
    try await expectFailure(.system) { try await Texts.connect(to: unknown, authenticationKey: [1]) }
  }

  @Test func `holds clients back that it has no room for`() async throws {
    let listener = try TextListener(at: AddressKind.unix.fresh())
    let clients = try await withThrowingTaskGroup(of: Texts.self) { group in
      for number in 0..<50 {
        group.addTask {
          let client = try await Texts.connect(to: listener.address, timeout: .seconds(50))
          try await client.send("\(number)")
          return client
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    var numbers: [String] = []
    for _ in clients { numbers.append(try await listener.accept().receive()) }
    #expect(Set(numbers).count == 50)
  }

  @Test func `makes connections that go to other processes`() async throws {
    let listener = try TextListener(at: AddressKind.tcp.fresh(), authenticationKey: [1])
    let (server, client) = try await meet(listener, key: [1])
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(server, context: ProcessContext(method)) { connection in
        try await connection.send(try await connection.receive() + " served")
      }
      try await client.send("\(method)")
      #expect(try await client.receive() == "\(method) served")
      try await child.value
    }
    server.close()
    try await expectFailure(.closed) { try await client.receive() }
  }

  @Test func `makes connections that carry no handles`() async throws {
    let listener = try Listener<Lock, Lock>(at: AddressKind.unix.fresh())
    async let accepted = listener.accept()
    let client = try await Connection<Lock, Lock>.connect(to: listener.address)
    let server = try await accepted
    try await expectFailure(.notTransferable) { try await client.send(Lock()) }
    // What somebody writes who knows how a lock looks.
    let forged = try TransferCoder<Lock>().encode(Lock(), .portable).bytes
    let step = (client.core.link as? StreamLink)?.sending(.value, forged)
    #expect(try step?(client.core.end.descriptor()) == true)
    let error = try await expectFailure(.notTransferable) { try await server.receive() }
    #expect(error.message.contains("descriptor"))
  }
}
