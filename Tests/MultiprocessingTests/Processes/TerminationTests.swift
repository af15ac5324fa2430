import Foundation
import Testing

@testable import Multiprocessing

/// What a child that gets ready to be ended says in its file: that it is there, and ids of processes it has started.
private func announced(in file: TemporaryFile) async -> [ProcessID] {
  _ = await eventually { !file.lines.isEmpty }
  return file.lines.first?.split(separator: " ").compactMap { ProcessID($0) } ?? []
}

/// Starts a program of the system's.
private func startSleep() throws -> ProcessID {
  var id: pid_t = 0
  let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("100"), nil]
  defer { for argument in arguments { free(argument) } }
  guard posix_spawn(&id, "/bin/sleep", nil, nil, arguments, environ) == 0 else {
    throw PlainFailure(description: "no /bin/sleep")
  }
  return id
}

@Suite(.isolated) struct TerminationTests {
  @Test(arguments: StartMethod.forTasks)
  func `terminate, interrupt and kill end a child by their signals`(method: StartMethod) async throws {
    for (signal, send) in [
      (SIGTERM, { try $0.terminate() }), (SIGINT, { try $0.interrupt() }), (SIGKILL, { try $0.kill() }),
    ] as [(Int32, (ChildProcess<Void>) throws -> Void)] {
      let child = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
      try send(child)
      #expect(try await child.join() == .signaled(signal))
      #expect(!child.isAlive)
      #expect(!CurrentProcess.activeChildren.contains { $0 === child })
      #expect(try await failure(of: child).code == .childCrashed)
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `children are ended right after their start`(method: StartMethod) async throws {
    let children = try (0..<20).map { _ in
      try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    }
    for child in children { try child.terminate() }
    for child in children { #expect(try await child.join() == .signaled(SIGTERM)) }
  }

  @Test func `signals to a child that has ended do nothing`() async throws {
    let child = try ChildProcess.start {}
    try await child.join()
    try child.interrupt()
    try child.terminate()
    try child.kill()
    #expect(child.terminationStatus == .exited(0))
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child can handle terminate and go on`(method: StartMethod) async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path, context: ProcessContext(method)) { path in
      signal(SIGTERM, SIG_IGN)
      TemporaryFile.append("ready", to: path)
      try await Task.sleep(for: .milliseconds(100))
      return "finished"
    }
    _ = await announced(in: file)
    try child.terminate()
    #expect(try await child.value == "finished")
  }

  @Test(arguments: StartMethod.forTasks)
  func `kill ends the programs that the child started too`(method: StartMethod) async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path, context: ProcessContext(method)) { path in
      TemporaryFile.append("\(try startSleep()) \(try startSleep())", to: path)
      try await Task.sleep(for: .seconds(100))
    }
    let programs = await announced(in: file)
    #expect(programs.count == 2)
    #expect(programs.allSatisfy { !ProcessInspection.isGone($0) })
    try child.kill()
    try await child.join()
    #expect(await eventually { programs.allSatisfy(ProcessInspection.isGone) })
  }

  @Test(arguments: StartMethod.forTasks)
  func `programs do not outlive a crash of the child that started them`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { () -> ProcessID in
      throw PlainFailure(description: "\(try startSleep())")
    }
    let ended = try await failure(of: child)
    let survivor = try #require(ended.remoteFailure.flatMap { ProcessID($0.description) })
    // An end in order leaves programs alone: they are the child's own business.
    try await child.join()
    #expect(!ProcessInspection.isGone(survivor))
    kill(survivor, SIGKILL)
    let file = TemporaryFile()
    let crashing = try ChildProcess.start(file.path, context: ProcessContext(method)) { (path: String) -> Int in
      TemporaryFile.append("\(try startSleep())", to: path)
      abort()
    }
    #expect(try await failure(of: crashing).code == .childCrashed)
    let programs = await announced(in: file)
    #expect(await eventually { programs.allSatisfy(ProcessInspection.isGone) })
  }

  @Test(arguments: StartMethod.forTasks)
  func `a stopped child is killed all the same`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    kill(child.id, SIGSTOP)
    #expect(await eventually { ProcessInspection.state(of: child.id) == "T" })
    #expect(child.isAlive)
    try child.kill()
    #expect(try await child.join() == .signaled(SIGKILL))
  }
}
