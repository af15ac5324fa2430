import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// What a message carries besides its text.
struct Parcel: Codable, Sendable {
  var text = ""
  var locks: [Lock] = []
  var memory: SharedMemory?
  var connections: [Connection<Int, Int>] = []
  var handles: [DescriptorHandle] = []
}

/// Raises the limit of this process, where it is lower.
private func allowOpenFiles(_ count: rlim_t) {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = max(limit.rlim_cur, min(count, limit.rlim_max))
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

@Suite(.isolated) struct `A travelling connection` {
  @Test func `a forked copy keeps the files of handles`() throws {
    let file = TemporaryFile()
    let opened = open(file.path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(opened) }
    let handle = try DescriptorHandle(duplicating: opened)
    let child = try ChildProcess<Int>.fork {
      _ = handle.fileDescriptor
      return write(handle.fileDescriptor, "copy\n", 5)
    }
    #expect(try child.blocking.value() == 5)
    #expect(file.lines == ["copy"])
  }

  @Test(arguments: StartMethod.forTasks)
  func `works in a child, and ends with it`(method: StartMethod) async throws {
    let (near, far) = try Connection<[Int], Int>.pair()
    let child = try ChildProcess.start(far, context: ProcessContext(method)) { connection in
      while true {
        let numbers = try await connection.receive()
        if numbers.isEmpty { return }
        try await connection.send(numbers.reduce(0, +))
      }
    }
    far.close()
    for count in [1, 10, 100_000] {
      try await near.send(Array(1...count))
      #expect(try await near.receive() == count * (count + 1) / 2)
    }
    try await near.send([])
    try await child.value
    try await expectFailure(.closed) { try await near.receive() }
    try await expectFailure(.closed) { try await near.send([1]) }
  }

  @Test func `works in a forked copy, which has both ends`() async throws {
    let (near, far) = try Numbers.pair()
    let child = try ChildProcess<Bool>.fork {
      near.close()
      try far.blocking.send(try far.blocking.receive() * 2)
      do {
        _ = try far.blocking.receive() as Int
        return false
      } catch let error as MultiprocessingError {
        return error.code == .closed
      }
    }
    far.close()
    try await near.send(21)
    #expect(try await near.receive() == 42)
    near.close()
    #expect(try await child.value)
  }

  @Test(arguments: StartMethod.forTasks)
  func `ends when the child is killed`(method: StartMethod) async throws {
    let (near, far) = try Numbers.pair()
    let child = try ChildProcess.start(far, context: ProcessContext(method)) { connection in
      try await connection.send(1)
      _ = try await connection.receive()
    }
    far.close()
    #expect(try await near.receive() == 1)
    try child.kill()
    try await expectFailure(.closed) { try await near.receive() }
    try await expectFailure(.closed) { try await near.send(1) }
    try await child.join()
  }

  @Test(arguments: StartMethod.forTasks)
  func `keeps its directions in a child`(method: StartMethod) async throws {
    let (source, sink) = try Connection<Int, Never>.pair()
    let (source2, sink2) = try Connection<Int, Never>.pair()
    let child = try ChildProcess.start(sink, source2, context: ProcessContext(method)) { sink, source in
      var refused = (try? await sink.sendBytes([1])) == nil
      if (try? await source.receiveBytes()) != nil { refused = false }
      try await source.send(try await sink.receive() + (refused ? 1 : 0))
    }
    try await source.send(1)
    #expect(try await sink2.receive() == 2)
    try await child.value
  }

  @Test func `is an input and a result of a pool`() async throws {
    let (near, far) = try Numbers.pair()
    try await near.send(1)
    let back = try await withProcessPool(workers: 1) { pool in
      try await pool.run(far) { connection in
        try await connection.send(try await connection.receive() + 1)
        return connection
      }
    }
    far.close()
    #expect(try await near.receive() == 2)
    try await back.send(3)
    #expect(try await near.receive() == 3)
    back.close()
    try await expectFailure(.closed) { try await near.receive() }
  }

  @Test func `goes through a connection, with what was sent to it`() async throws {
    let (near, far) = try Connection<Parcel, Never>.pair()
    let (inner, outer) = try Numbers.pair()
    try await inner.send(5)
    try await near.send(Parcel(text: "take it", connections: [outer]))
    outer.close()
    let parcel = try await far.receive()
    let taken = try #require(parcel.connections.first)
    #expect(parcel.text == "take it")
    #expect(try await taken.receive() == 5)
    try await taken.send(6)
    #expect(try await inner.receive() == 6)
    taken.close()
    try await expectFailure(.closed) { try await inner.receive() }
  }

  @Test func `carries locks and shared memory to a child`() async throws {
    let (near, far) = try Connection<Parcel, Int>.pair()
    let child = try ChildProcess.start(far) { connection in
      let parcel = try await connection.receive()
      guard let lock = parcel.locks.first, let memory = parcel.memory else { return }
      for _ in 0..<100 {
        try await lock.withLock { memory.withUnsafeMutableBytes { $0[0] += 1 } }
      }
      try await connection.send(memory.byteCount)
    }
    far.close()
    let (lock, memory) = (try Lock(), try SharedMemory(byteCount: 3))
    try await near.send(Parcel(locks: [lock], memory: memory))
    for _ in 0..<100 { try await lock.withLock { memory.withUnsafeMutableBytes { $0[0] += 1 } } }
    #expect(try await near.receive() == 3)
    try await child.value
    #expect(memory.withUnsafeMutableBytes { $0[0] } == 200)
  }

  @Test(arguments: [250, 251, 600, 1500])
  func `carries many handles in one message, large ones too`(count: Int) async throws {
    allowOpenFiles(8192)
    let (near, far) = try Connection<Parcel, Never>.pair()
    let pipe = Pipe()
    let handle = try DescriptorHandle(duplicating: pipe.fileHandleForWriting.fileDescriptor)
    for text in ["", String(repeating: "x", count: 200_000)] {
      try await near.send(Parcel(text: text, handles: Array(repeating: handle, count: count)))
      let parcel = try await far.receive()
      #expect(parcel.handles.count == count && parcel.text == text)
      #expect(Set(parcel.handles.map(\.fileDescriptor)).count == count)
      let last = try #require(parcel.handles.last)
      FileHandle(fileDescriptor: last.fileDescriptor).write(Data("hi".utf8))
      #expect(pipe.fileHandleForReading.availableData == Data("hi".utf8))
    }
  }

  @Test(arguments: StartMethod.forTasks, [false, true])
  func `gives a child a file to write to`(method: StartMethod, isHigh: Bool) async throws {
    let (near, far) = try Connection<DescriptorHandle, Never>.pair()
    let child = try ChildProcess.start(far, isHigh, context: ProcessContext(method)) { connection, isHigh in
      if isHigh { for _ in 0..<300 { _ = open("/dev/null", O_RDONLY) } }
      let file = try await connection.receive()
      FileHandle(fileDescriptor: file.fileDescriptor).write(Data("from the child".utf8))
      return file.fileDescriptor
    }
    let pipe = Pipe()
    var number = pipe.fileHandleForWriting.fileDescriptor
    if isHigh { number = fcntl(number, F_DUPFD_CLOEXEC, 400) }
    defer { if isHigh { close(number) } }
    try await near.send(try DescriptorHandle(duplicating: number))
    #expect(try await child.value > (isHigh ? 255 : 2))
    #expect(pipe.fileHandleForReading.availableData == Data("from the child".utf8))
  }

  @Test func `is refused by other encoders, and when it is closed`() async throws {
    let (near, far) = try Numbers.pair()
    #expect(throws: MultiprocessingError.self) { try JSONEncoder().encode(near) }
    #expect(throws: MultiprocessingError.self) {
      try JSONDecoder().decode(Numbers.self, from: Data("[0,[0,0,true,0]]".utf8))
    }
    near.close()
    try expectRefusal(.notTransferable) { try ChildProcess.start(near) { _ in } }
    withExtendedLifetime(far) {}
  }

  @Test func `says so when a descriptor is not open`() throws {
    for number in [-1, 60_000] as [Int32] {
      let error = #expect(throws: MultiprocessingError.self) { try DescriptorHandle(duplicating: number) }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test func `tells a lack of descriptors, and stays usable`() async throws {
    let child = try ChildProcess.start {
      let (near, far) = try Connection<Parcel, Int>.pair()
      let (inner, outer) = try Numbers.pair()
      try await near.send(Parcel(connections: [inner]))
      try await near.send(Parcel(text: "second"))
      var limit = rlimit(rlim_cur: rlim_t(open("/dev/null", O_RDONLY)), rlim_max: 4096)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      var codes: [String] = []
      func note(_ call: () async throws -> Void) async {
        do { try await call() } catch let error as MultiprocessingError {
          codes.append("\(error.code) \((error.cause as? SystemError)?.isOutOfDescriptors == true)")
        } catch { codes.append("\(error)") }
      }
      await note { _ = try await far.receive() }
      await note { _ = try Numbers.pair() }
      await note { try await near.send(Parcel(text: String(repeating: "x", count: 100_000))) }
      await note { codes.append(try await far.receive().text) }
      withExtendedLifetime(outer) {}
      return codes
    }
    #expect(try await child.value == ["system true", "system true", "system true", "second"])
  }

  @Test func `gives an error where too many descriptors are under way`() async throws {
    guard getuid() == 0 else { return }
    let child = try ChildProcess.start {
      // Root may have any number under way.
      setgid(65_534)
      setuid(65_534)
      var limit = rlimit(rlim_cur: 200, rlim_max: 200)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let (near, far) = try Connection<Parcel, Int>.pair()
      let handle = try DescriptorHandle(duplicating: 2)
      let parcel = Parcel(handles: Array(repeating: handle, count: 100))
      do {
        for _ in 0..<10 { try await near.send(parcel) }
        return "all were sent"
      } catch let error as MultiprocessingError {
        withExtendedLifetime(far) {}
        return "\(error.code) \((error.cause as? SystemError)?.isOutOfDescriptors == true)"
      }
    }
    #expect(try await child.value == "system true")
  }

  @Test func `is shared by several processes, each message whole and once`() async throws {
    let (near, far) = try Connection<[Int], [Int]>.pair()
    let children = try (0..<3).map { _ in
      try ChildProcess.start(far) { connection in
        var count = 0
        while true {
          let numbers = try await connection.receive()
          if numbers.isEmpty { return count }
          count += 1
          try await connection.send(numbers)
        }
      }
    }
    let sender = Task {
      for index in 0..<300 { try await near.send(Array(repeating: index, count: index % 3 == 0 ? 20_000 : 5)) }
    }
    var seen: [Int] = []
    for _ in 0..<300 {
      let numbers = try await near.receive()
      #expect(Set(numbers).count == 1 && numbers.count == (numbers[0] % 3 == 0 ? 20_000 : 5))
      seen.append(numbers[0])
    }
    try await sender.value
    #expect(seen.sorted() == Array(0..<300))
    for _ in children { try await near.send([]) }
    var total = 0
    for child in children { total += try await child.value }
    #expect(total == 300)
  }

  @Test func `sleeps while it waits in a forked copy of a process that waited`() async throws {
    let (near, far) = try Numbers.pair()
    let waiter = Task { try await onThread { try near.blocking.receive(timeout: .seconds(50)) as Int } }
    try await Task.sleep(for: .milliseconds(30))
    let child = try ChildProcess<[Int]>.fork {
      let start = clock()
      let isReadable = try near.blocking.poll(timeout: .milliseconds(300))
      let used = (clock() - start) * 1000 / CLOCKS_PER_SEC
      near.close()
      return [isReadable ? 1 : 0, Int(used)]
    }
    let answer = try await child.value
    #expect(answer.first == 0)
    #expect(try #require(answer.last) < 100, "milliseconds of processor time")
    try await far.send(5)
    #expect(try await waiter.value == 5)
  }

  @Test func `is polled in another process, which takes nothing of it`() async throws {
    let (near, far) = try Connection<[UInt8], Int>.pair()
    let child = try ChildProcess.start(far) { connection in
      for _ in 0..<200 { _ = try await connection.poll(timeout: .zero) }
      try await connection.send(1)
      _ = try await connection.poll(timeout: .seconds(50))
      for _ in 0..<200 { _ = try await connection.poll(timeout: .zero) }
      try await connection.send(2)
    }
    #expect(try await near.receive() == 1)
    for size in [0, 5, 100_000] { try await near.sendBytes(pattern(size)) }
    #expect(try await near.receive() == 2)
    try await child.value
    for size in [0, 5, 100_000] { #expect(try await far.receiveBytes() == pattern(size)) }
    #expect(!far.isReadable)
  }

  @Test(arguments: StartMethod.forTasks)
  func `is the way to a task that answers requests until it is told to stop`(method: StartMethod) async throws {
    let (near, far) = try Connection<String?, String>.pair()
    let child = try ChildProcess.start(UpperCaser(requests: far), context: ProcessContext(method))
    far.close()
    for _ in 0..<2 {
      try await near.send("hello")
      #expect(try await near.receive() == "HELLO")
    }
    try await near.send(nil)
    #expect(try await child.join() == .exited(0))
    #expect(try await child.value == 2)
  }

  @Test(arguments: StartMethod.forTasks)
  func `carries sockets of the program's own`(method: StartMethod) async throws {
    let (near, far) = try Connection<DescriptorHandle, Never>.pair()
    let child = try ChildProcess.start(far, context: ProcessContext(method)) { connection in
      let socket = try await connection.receive()
      _ = try await waitForAny(of: [socket])
      var bytes = [UInt8](repeating: 0, count: 100)
      let count = recv(socket.fileDescriptor, &bytes, bytes.count, 0)
      return send(socket.fileDescriptor, bytes, count, 0) == count
    }
    let (own, theirs) = try MessageSocket.pair()
    try await near.send(try DescriptorHandle(duplicating: theirs.descriptor.number))
    try own.send(header: pattern(50))
    #expect(try await child.value)
    #expect(try own.receive(isBlocking: true)?.bytes == pattern(50))
  }
}

/// Answers requests until one is nil, and returns how many there were.
struct UpperCaser: ProcessTask {
  let requests: Connection<String, String?>

  func run() async throws -> Int {
    var count = 0
    while let text = try await requests.receive() {
      try await requests.send(text.uppercased())
      count += 1
    }
    return count
  }
}
