import Foundation
import Testing

@testable import Multiprocessing

/// A program that gives up its rights after it has started children.
struct HumbleProgram: ProcessTask {
  /// Nobody's user and group.
  static let nobody: UInt32 = 65_534

  /// For root alone, and where others may run this program.
  static var isPossible: Bool {
    guard geteuid() == 0, var path = Bundle.main.executablePath else { return false }
    while path != "/" {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
      path = (path as NSString).deletingLastPathComponent
    }
    return true
  }

  func run() async throws -> [UInt32] {
    let before = try await ChildProcess.start(context: ProcessContext(.forkServer)) { getuid() }.value
    let server = try #require(ForkServerConnection.current.serverID)
    try #require(setgid(Self.nobody) == 0 && setuid(Self.nobody) == 0)
    var users = [before]
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(context: ProcessContext(method)) { [getuid(), getgid()] }
      users += try await child.value
    }
    // One with the old rights is not there any more for anybody to ask.
    try #require(await eventually { kill(server, 0) == -1 && errno == ESRCH })
    return users
  }
}

@Suite(.isolated) struct ForkServerTests {
  @Test(.enabled(if: HumbleProgram.isPossible, "needs root, and a program that others may run"))
  func `children have the rights that their parent has left`() async throws {
    let users = try await ChildProcess.start(HumbleProgram(), context: ProcessContext(.spawn)).value
    #expect(users == [0] + Array(repeating: HumbleProgram.nobody, count: 2 * StartMethod.forTasks.count))
  }

  @Test(arguments: [SIGKILL, SIGINT, SIGTERM, SIGSEGV])
  func `a signal to the server leaves children alone, and the next start works`(signal: Int32) async throws {
    let context = ProcessContext(.forkServer)
    let running = try ChildProcess.start(context: context) {
      try await Task.sleep(for: .milliseconds(150))
      return "unaffected"
    }
    let server = try #require(ForkServerConnection.current.serverID)
    kill(server, signal)
    let next = try ChildProcess.start(context: context) { "started" }
    #expect(try await next.value == "started")
    #expect(try await running.value == "unaffected")
    #expect(try await running.join() == .exited(0))
    if signal == SIGINT {
      #expect(ForkServerConnection.current.serverID == server)
    } else {
      #expect(await eventually { ProcessInspection.isGone(server) })
      #expect(try await ChildProcess.start(context: context) { 1 }.value == 1)
      #expect(ForkServerConnection.current.serverID != server)
    }
  }

  @Test func `starts go on while the server is killed again and again`() async throws {
    let killer = Task.detached {
      for _ in 0..<15 {
        if let server = ForkServerConnection.current.serverID { kill(server, SIGKILL) }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
    var values: [Int] = []
    for number in 0..<100 {
      values.append(try await ChildProcess.start(number, context: ProcessContext(.forkServer)) { $0 }.value)
    }
    await killer.value
    #expect(values == Array(0..<100))
  }

  @Test(arguments: [SIGKILL, SIGSTOP])
  func `a child that is killed or stopped before its first word is replaced, and leaves nothing`(
    signal: Int32
  ) async throws {
    // In a process of its own, with a server that nobody else uses.
    let child = try ChildProcess.start(signal, context: ProcessContext(.spawn)) { try CloneStriker.run($0) }
    let (strikes, zombies) = (try await child.value[0], try await child.value[1])
    #expect(strikes >= CloneStriker.wanted && zombies == 0)
  }

  @Test func `a stopped server is replaced, and every start that waits for it succeeds`() async throws {
    for round in 0..<3 {
      #expect(try await ChildProcess.start(context: ProcessContext(.forkServer)) { 1 }.value == 1)
      let server = try #require(ForkServerConnection.current.serverID)
      kill(server, SIGSTOP)
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<4 {
          group.addTask { try await ChildProcess.start(number, context: ProcessContext(.forkServer)) { $0 }.value }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 6, "round \(round)")
      #expect(ForkServerConnection.current.serverID != server)
      #expect(await eventually { ProcessInspection.isGone(server) })
    }
  }

  @Test func `many tasks start children at the same time`() async throws {
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<60 {
        group.addTask {
          try await ChildProcess.start(number, context: ProcessContext(.forkServer)) { $0 }.value
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(sum == 60 * 59 / 2)
  }

  @Test func `a child has a server of its own for its children, which ends with it`() async throws {
    let child = try ChildProcess.start(context: ProcessContext(.forkServer)) {
      let parent = try await ChildProcess.start(context: ProcessContext(.forkServer)) { CurrentProcess.parent?.id }
        .value
      return [parent == getpid() ? 1 : 0, ForkServerConnection.current.serverID ?? 0]
    }
    let answer = try await child.value
    #expect(answer[0] == 1)
    #expect(answer[1] != ForkServerConnection.current.serverID)
    try await child.join()
    #expect(await eventually { ProcessInspection.isGone(answer[1]) })
  }

  @Test func `an idle server has one thread and the descriptors it needs`() async throws {
    // Once it has started one, it is through with its own start.
    try await ChildProcess.start(context: ProcessContext(.forkServer)) {}.join()
    let server = try #require(ForkServerConnection.current.serverID)
    func entries(_ kind: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server)/\(kind)").sorted()
    }
    // Standard ones, control, page, lifeline, and the lifeline's two of its own.
    let isIdle = try await eventually { try entries("task").count == 1 && entries("fd").count <= 9 }
    let (threads, open) = (try entries("task"), try entries("fd"))
    #expect(isIdle, "\(threads), \(open)")
    for stream in 0...2 {
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(server)/fd/\(stream)") == "/dev/null")
    }
  }
}

/// Sends signals to what a fork server has just made.
private enum CloneStriker {
  static let wanted = 12

  /// How many were struck, and how many zombies they leave.
  static func run(_ signal: Int32) throws -> [Int] {
    let context = ProcessContext(.forkServer)
    try ChildProcess.start(context: context) {}.blocking.join()
    let (struck, over) = (Completion<Int>(), Completion<Void>())
    Thread.detachNewThread {
      var found: Set<ProcessID> = []
      while over.value == nil {
        for id in ProcessInspection.ownChildren() where id != ForkServerConnection.current.serverID {
          if ProcessInspection.name(of: id) == "mp-forkserver", kill(id, signal) == 0 { found.insert(id) }
        }
        if found.count >= wanted { break }
      }
      struck.resolve(found.count)
    }
    for _ in 0..<20_000 where struck.value == nil {
      let child = try ChildProcess.start(context: context) {}
      try child.kill()
      try child.blocking.join()
    }
    over.resolve(())
    let strikes = struck.waitBlocking() ?? 0
    let zombies = ProcessInspection.ownChildren().filter { ProcessInspection.state(of: $0) == "Z" }
    return [strikes, zombies.count]
  }
}
