import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

typealias Numbers = Connection<Int, Int>

private func blockingReceive(_ connection: Numbers, timeout: Duration? = nil) throws -> Int {
  try connection.blocking.receive(timeout: timeout)
}
private func blockingSend(_ connection: Numbers, _ number: Int, timeout: Duration? = nil) throws {
  try connection.blocking.send(number, timeout: timeout)
}
private func blockingPoll(_ connection: Numbers, timeout: Duration) throws -> Bool {
  try connection.blocking.poll(timeout: timeout)
}
private func blockingBytes(_ connection: Numbers, _ bytes: [UInt8]) throws { try connection.blocking.sendBytes(bytes) }
private func blockingBytes(_ connection: Numbers) throws -> [UInt8] { try connection.blocking.receiveBytes() }

/// Runs a body on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}

/// Fills the channel until a message finds no room.
private func fill(_ connection: Numbers) async throws -> Int {
  for count in 0..<100_000 {
    do {
      try await connection.send(count, timeout: .zero)
    } catch let error as MultiprocessingError where error.code == .timedOut {
      return count
    }
  }
  Issue.record("the channel takes everything")
  return 0
}

@Suite(.isolated) struct `Waiting for a connection` {
  @Test func `ends at the timeout, and not before`() async throws {
    let (near, far) = try Numbers.pair()
    let start = ContinuousClock.now
    try await expectFailure(.timedOut) { try await near.receive(timeout: .milliseconds(30)) }
    #expect(try await !near.poll(timeout: .milliseconds(30)))
    try await expectFailure(.timedOut) { try await onThread { try blockingReceive(near, timeout: .milliseconds(30)) } }
    #expect(try await onThread { try !blockingPoll(near, timeout: .milliseconds(30)) })
    #expect(ContinuousClock.now - start >= .milliseconds(120))
    for timeout in [Duration.zero, .seconds(-1)] {
      try await expectFailure(.timedOut) { try await near.receive(timeout: timeout) }
      #expect(try await !near.poll(timeout: timeout))
    }
    try await far.send(1)
    #expect(try await near.receive(timeout: .zero) == 1)
  }

  @Test func `for room ends when something is taken, and loses nothing`() async throws {
    let (near, far) = try Numbers.pair()
    let count = try await fill(near)
    #expect(count > 10)
    try await expectFailure(.timedOut) { try await near.send(-1, timeout: .milliseconds(20)) }
    try await expectFailure(.timedOut) {
      try await onThread { try blockingSend(near, -1, timeout: .milliseconds(20)) }
    }
    let sender = Task { for number in 0..<3 { try await near.send(count + number) } }
    let thread = Task { try await onThread { try blockingSend(far, 99) } }
    for number in 0..<count + 3 { #expect(try await far.receive() == number) }
    try await sender.value
    try await thread.value
    #expect(try await near.receive() == 99)
  }

  @Test func `is ended by a cancellation, which takes no message`() async throws {
    let (near, far) = try Numbers.pair()
    for _ in 0..<20 {
      let waits = [
        Task { _ = try await near.receive() }, Task { _ = try await near.receive(timeout: .seconds(90)) },
        Task { _ = try await near.receiveBytes() }, Task { _ = try await near.poll(timeout: .seconds(90)) },
      ]
      await Task.yield()
      for wait in waits { wait.cancel() }
      for wait in waits { await #expect(throws: CancellationError.self) { try await wait.value } }
    }
    let count = try await fill(near)
    let sender = Task { try await near.send(-1) }
    try await Task.sleep(for: .milliseconds(5))
    sender.cancel()
    await #expect(throws: CancellationError.self) { try await sender.value }
    for number in 0..<count { #expect(try await far.receive() == number) }
    #expect(!far.isReadable)
  }

  @Test func `races of message and cancellation lose no message`() async throws {
    let (near, far) = try Numbers.pair()
    var received: [Int] = []
    for number in 0..<300 {
      let wait = Task { try await near.receive() }
      let sender = Task.detached { try await far.send(number) }
      wait.cancel()
      if let got = try? await wait.value { received.append(got) }
      try await sender.value
    }
    while near.isReadable { received.append(try await near.receive()) }
    #expect(received == Array(0..<300))
  }

  @Test func `is ended by closing this end`() async throws {
    let (near, far) = try Numbers.pair()
    _ = try await fill(near)
    let waits = [
      Task { _ = try await near.receive() }, Task { _ = try await near.poll(timeout: .seconds(90)) },
      Task { try await near.send(1) }, Task { _ = try await onThread { try blockingReceive(near) } },
      Task { _ = try await onThread { try blockingPoll(near, timeout: .seconds(90)) } },
      Task { try await onThread { try blockingSend(near, 1) } },
    ]
    try await Task.sleep(for: .milliseconds(30))
    near.close()
    for wait in waits { try await expectFailure(.closed) { try await wait.value } }
    withExtendedLifetime(far) {}
  }

  @Test func `is ended by the end of the other`() async throws {
    let (near, far) = try Numbers.pair()
    let waits = [
      Task { _ = try await near.receive() }, Task { _ = try await onThread { try blockingReceive(near) } },
    ]
    let poll = Task { try await near.poll(timeout: .seconds(90)) }
    try await Task.sleep(for: .milliseconds(20))
    far.close()
    #expect(try await poll.value)
    for wait in waits { try await expectFailure(.closed) { try await wait.value } }
  }

  @Test func `several receivers share what comes, each message once`() async throws {
    let (near, far) = try Numbers.pair()
    let received = try await withThrowingTaskGroup(of: [Int].self) { group in
      for isBlocking in [false, false, true, true] {
        group.addTask {
          var own: [Int] = []
          while true {
            let number = try await isBlocking ? onThread { try blockingReceive(near) } : near.receive()
            if number < 0 { return own }
            own.append(number)
          }
        }
      }
      for sender in 0..<4 {
        group.addTask {
          for number in 0..<250 {
            let value = sender * 250 + number
            if sender % 2 == 0 {
              try await far.send(value)
            } else {
              try await onThread { try blockingSend(far, value) }
            }
          }
          return []
        }
      }
      var all: [Int] = []
      for _ in 0..<4 { all += try await group.next() ?? [] }
      for _ in 0..<4 { try await far.send(-1) }
      for try await part in group { all += part }
      return all
    }
    #expect(received.sorted() == Array(0..<1000))
  }

  @Test func `leaves large messages of several senders whole`() async throws {
    let (near, far) = try Connection<[Int], Never>.pair()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for sender in 0..<4 {
        group.addTask {
          for size in [10, 5_000, 30_000] { try await near.send(Array(repeating: sender, count: size)) }
        }
      }
      for _ in 0..<12 {
        let message = try await far.receive()
        #expect(Set(message).count == 1)
      }
      try await group.waitForAll()
    }
  }

  @Test func `survives signals`() async throws {
    let (near, far) = try Numbers.pair()
    let isPrepared = try Event()
    let child = try ChildProcess<Bool>.fork {
      signal(SIGUSR1) { _ in signals += 1 }
      isPrepared.set()
      let number = try blockingReceive(far)
      let bytes = try blockingBytes(far)
      try blockingSend(far, number + 1)
      for value in 0..<5000 { try blockingSend(far, value) }
      return bytes.count == 1_000_000 && signals > 5
    }
    try await isPrepared.wait()
    for _ in 0..<10 {
      usleep(3000)
      kill(child.id, SIGUSR1)
    }
    try await near.send(41)
    usleep(3000)
    kill(child.id, SIGUSR1)
    try await near.sendBytes(pattern(1_000_000))
    #expect(try await near.receive() == 42)
    for value in 0..<5000 {
      if value % 1000 == 0 { kill(child.id, SIGUSR1) }
      #expect(try await near.receive() == value)
    }
    #expect(try await child.value)
  }

  @Test func `is one of many things waited for`() async throws {
    let pairs = try (0..<300).map { _ in try Numbers.pair() }
    let ended = try ChildProcess.start {}
    try await ended.join()
    let running = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    let all: [any Waitable] = pairs.map(\.0) + [running]
    #expect(try await waitForAny(of: all, timeout: .milliseconds(20)).isEmpty)
    let sender = Task {
      try await Task.sleep(for: .milliseconds(20))
      try await pairs[7].1.send(1)
    }
    let ready = try await waitForAny(of: all, timeout: .seconds(50))
    #expect(ready.map(ObjectIdentifier.init) == [ObjectIdentifier(pairs[7].0)])
    try await sender.value
    pairs[3].1.close()
    pairs[5].0.close()
    let more = try await waitForAny(of: all + [ended])
    let expected: [any Waitable] = [pairs[3].0, pairs[5].0, pairs[7].0, ended]
    #expect(more.map(ObjectIdentifier.init) == expected.map(ObjectIdentifier.init))
    #expect(try await pairs[7].0.receive() == 1)
    try running.kill()
    try await running.join()
  }

  @Test func `for any ends when an end or a listener is closed here, and the peer sees it at once`() async throws {
    let (near, far) = try Numbers.pair()
    let listener = try TextListener(at: AddressKind.unix.fresh())
    let waits = ([near, listener] as [any Waitable]).map { waitable in
      Task { try await waitForAny(of: [waitable], timeout: .seconds(50)).count }
    }
    try await Task.sleep(for: .milliseconds(50))
    near.close()
    listener.close()
    try await expectFailure(.closed) { try await far.receive(timeout: .seconds(50)) }
    for wait in waits { #expect(try await wait.value == 1) }
  }

  @Test func `for room takes no descriptor for each sender`() async throws {
    let (near, far) = try Numbers.pair()
    let other = try Numbers.pair()
    var expected = try await fill(near) + 40
    _ = try await fill(other.0)
    let before = OwnResources.now().descriptors.count
    let senders = (0..<40).map { number in Task { try await near.send(number) } }
    let cancelled = (0..<40).map { number in Task { try await other.0.send(number) } }
    try await Task.sleep(for: .milliseconds(100))
    #expect(OwnResources.now().descriptors.count <= before + 8)
    for sender in cancelled { sender.cancel() }
    for sender in cancelled { await #expect(throws: CancellationError.self) { try await sender.value } }
    while expected > 0 {
      _ = try await far.receive(timeout: .seconds(50))
      expected -= 1
    }
    for sender in senders { try await sender.value }
  }

  @Test func `goes on where no descriptor is left`() async throws {
    let child = try ChildProcess.start {
      let (near, far) = try Numbers.pair()
      let count = try await fill(near)
      // Dispatch opens what it needs with its first timer, and ends the process where it cannot.
      try await Task.sleep(for: .milliseconds(20))
      var limit = rlimit(rlim_cur: rlim_t(open("/dev/null", O_RDONLY)), rlim_max: 4096)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let (sender, thread) = (
        Task { try await near.send(-1) }, Task { try await onThread { try blockingSend(near, -2) } }
      )
      try await expectFailure(.timedOut) { try await near.send(-3, timeout: .milliseconds(50)) }
      var received: [Int] = []
      for _ in 0..<count + 2 { received.append(try await far.receive(timeout: .seconds(20))) }
      try await sender.value
      try await thread.value
      return received.suffix(2).sorted() == [-2, -1]
    }
    #expect(try await child.value)
  }

  @Test func `messages of many children are all received, until each has ended`() async throws {
    let readers = try (0..<4).map { index in
      let (reader, writer) = try Connection<Never, String>.pair()
      let child = try ChildProcess<Void>.fork {
        for number in 0..<10 {
          try sendLine(writer, "\(index): \(number)")
          usleep(useconds_t((index + number) % 4 * 1000))
        }
      }
      writer.close()
      return (reader, child)
    }
    var open = readers.map(\.0)
    var lines: [String] = []
    while !open.isEmpty {
      for ready in try await waitForAny(of: open, timeout: .seconds(50)) {
        guard let reader = ready as? Connection<Never, String> else { continue }
        do {
          lines.append(try await reader.receive())
        } catch let error as MultiprocessingError where error.code == .closed {
          open.removeAll { $0 === reader }
        }
      }
    }
    #expect(lines.sorted() == (0..<4).flatMap { index in (0..<10).map { "\(index): \($0)" } })
    for (_, child) in readers { try await child.join() }
  }
}

private func sendLine(_ connection: Connection<String, Never>, _ line: String) throws {
  try connection.blocking.send(line)
}

// SAFETY: changed by a signal handler of a forked copy, in its only thread.
private nonisolated(unsafe) var signals = 0
