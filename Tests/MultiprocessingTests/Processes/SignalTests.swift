import Foundation
import Testing

@testable import Multiprocessing

/// The signals of a process whose parent has changed its own.
struct Signals: Codable, Sendable, Equatable {
  var ignored = ProcessInspection.signals("SigIgn")
  var blocked = ProcessInspection.signals("SigBlk")
}

struct SignalsOfGrandchild: ProcessTask {
  var method: StartMethod

  func run() async throws -> [Set<Int32>] {
    signal(SIGINT, SIG_IGN)
    signal(SIGTERM, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    signal(SIGUSR2) { _ in }
    let child = try startWithBlockedSignal(method)
    let seen = try await child.value
    return [seen.ignored, seen.blocked]
  }

  /// Synchronous, so that the thread whose mask is changed is the one that starts the child.
  private func startWithBlockedSignal(_ method: StartMethod) throws -> ChildProcess<Signals> {
    var mask = sigset_t()
    var before = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, SIGUSR1)
    pthread_sigmask(SIG_BLOCK, &mask, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    if method == .fork { return try ChildProcess.fork { Signals() } }
    return try ChildProcess.start(context: ProcessContext(method)) { await MainActor.run { Signals() } }
  }
}

@Suite(.isolated) struct SignalTests {
  @Test(arguments: StartMethod.available)
  func `a child starts with no signal ignored or blocked, whatever its parent does`(method: StartMethod) async throws {
    let child = try ChildProcess.start(SignalsOfGrandchild(method: method))
    let seen = try await child.value
    // Two signals that glibc keeps to itself; its posix_spawn ignores them.
    #expect(seen[0].subtracting([32, 33]).isEmpty)
    #expect(seen[1].isEmpty)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a task finds no signal blocked, and what it starts neither`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    let blocked = try await ChildProcess.start(context: context) {
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      return (1..<32).filter { sigismember(&mask, Int32($0)) == 1 }
    }.value
    #expect(blocked.isEmpty)
    #expect(try await ChildProcess<Void>.start(context: context) { raise(SIGTERM) }.join() == .signaled(SIGTERM))
  }

  @Test func `an interrupt right after a start is not lost`() async throws {
    for _ in 0..<20 {
      let child = try ChildProcess.start(context: ProcessContext(.forkServer)) {
        try await Task.sleep(for: .seconds(100))
      }
      try child.interrupt()
      #expect(try await child.join() == .signaled(SIGINT))
    }
    let handled = try ChildProcess.start {
      signal(SIGINT, SIG_IGN)
      signal(SIGTERM) { _ in }
      var ends: Set<TerminationStatus> = []
      for isInterrupt in [true, false] {
        let copy = try ChildProcess.fork { sleep(100) }
        if isInterrupt { try copy.interrupt() } else { try copy.terminate() }
        ends.insert(try await copy.join())
      }
      return ends
    }
    #expect(try await handled.value == [.signaled(SIGINT), .signaled(SIGTERM)])
  }

  @Test(arguments: StartMethod.forTasks)
  func `a program that ignores SIGCHLD still learns how its children end`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      signal(SIGCHLD, SIG_IGN)
      let first = try await ChildProcess.start(context: ProcessContext(method)) { exit(7) }.join()
      let second = try await ChildProcess.fork { 1 }.join()
      return [first, second]
    }
    #expect(try await child.value == [.exited(7), .exited(0)])
  }

  @Test(arguments: StartMethod.forTasks)
  func `a wait elsewhere for any child costs the status and hangs nothing`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      let inner = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
      // The reactor collects children: busy, it leaves this one to the wait below.
      let isStolen = DispatchSemaphore(value: 0)
      let isBusy = Completion<Void>()
      let token = try Reactor.shared.schedule(at: .now) {
        isBusy.resolve(())
        isStolen.wait()
      }
      defer { Reactor.shared.cancel(token) }
      try await isBusy.wait()
      kill(inner.id, SIGKILL)
      var status: Int32 = 0
      let collected = waitpid(inner.id, &status, 0)
      isStolen.signal()
      let end = try await inner.join()
      do {
        try await inner.value
        return "a value"
      } catch let error as MultiprocessingError {
        return "\(collected == inner.id) \(end) \(error.code) \(error.message.contains("collected elsewhere"))"
      }
    }
    #expect(try await child.value == "true unknown status childExited true")
  }

  /// The system's last process id, where it may be told another.
  private static let lastID = "/proc/sys/kernel/ns_last_pid"

  @Test(.enabled(if: access(lastID, W_OK) == 0))
  func `a signal does not meet the stranger that has the id of a child reaped elsewhere`() async throws {
    let child = try ChildProcess.start(Self.lastID, context: ProcessContext(.spawn)) { lastID in
      // The reactor collects children: busy, it leaves these to the waits below.
      let isOver = DispatchSemaphore(value: 0)
      let isBusy = Completion<Void>()
      let token = try Reactor.shared.schedule(at: .now) {
        isBusy.resolve(())
        isOver.wait()
      }
      defer { Reactor.shared.cancel(token) }
      try await isBusy.wait()
      defer { isOver.signal() }
      for _ in 0..<200 {
        let inner = try ChildProcess.start(context: ProcessContext(.spawn)) { try await Task.sleep(for: .seconds(100)) }
        kill(inner.id, SIGKILL)
        var status: Int32 = 0
        guard waitpid(inner.id, &status, 0) == inner.id else { return "not reaped" }
        try Data("\(inner.id - 1)".utf8).write(to: URL(filePath: lastID))
        let stranger = try Process.run(URL(filePath: "/bin/sleep"), arguments: ["100"])
        defer { kill(stranger.processIdentifier, SIGKILL) }
        guard stranger.processIdentifier == inner.id else { continue }
        try inner.interrupt()
        try inner.terminate()
        try inner.kill()
        usleep(10_000)
        return stranger.isRunning ? "unharmed" : "harmed"
      }
      return "no stranger"
    }
    #expect(try await child.value == "unharmed")
  }

  @Test(arguments: StartMethod.available)
  func `a child leads a process group, so that Ctrl-C in the terminal passes it by`(method: StartMethod) async throws {
    let child =
      method == .fork
      ? try ChildProcess.fork { getpgrp() == getpid() }
      : try ChildProcess.start(context: ProcessContext(method)) { getpgrp() == getpid() }
    #expect(try await child.value)
  }
}
