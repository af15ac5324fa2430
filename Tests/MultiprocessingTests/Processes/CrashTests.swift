import Foundation
import Testing

@testable import Multiprocessing

/// Every way to die in the middle of a task.
enum CrashKind: String, Codable, CaseIterable, Sendable {
  case badIndex, nilUnwrap, fatalError, overflow, precondition, stackOverflow, segmentationFault, abort, killed

  var signals: Set<Int32> {
    switch self {
    // Traps are an undefined instruction on x86-64 and a breakpoint on arm64.
    case .badIndex, .nilUnwrap, .fatalError, .overflow, .precondition: [SIGILL, SIGTRAP]
    case .stackOverflow, .segmentationFault: [SIGSEGV]
    case .abort: [SIGABRT]
    case .killed: [SIGKILL]
    }
  }

  /// What the runtime prints in debug builds.
  var message: String? {
    switch self {
    case .badIndex: "Fatal error: Index out of range"
    case .nilUnwrap: "Fatal error: Unexpectedly found nil while unwrapping an Optional value"
    case .fatalError: "Fatal error: no such shape"
    case .precondition: "Precondition failed: must be even"
    default: nil
    }
  }
}

struct Crash: ProcessTask {
  var kind: CrashKind
  var numbers = [1, 2, 3]

  func run() async throws -> Int {
    switch kind {
    case .badIndex: return numbers[numbers.count + 4]
    case .nilUnwrap: return numbers.first { $0 > 9 }!
    case .fatalError: fatalError("no such shape")
    case .overflow: return numbers[0] + Int.max
    case .precondition:
      precondition(numbers.count.isMultiple(of: 2), "must be even")
      return 0
    case .stackOverflow: return Self.descend(from: numbers.count)
    case .segmentationFault: return UnsafePointer<Int>(bitPattern: numbers.count * 8)!.pointee
    case .abort: abort()
    case .killed:
      kill(getpid(), SIGKILL)
      return 0
    }
  }

  @inline(never)
  static func descend(from depth: Int) -> Int { depth == 0 ? 0 : descend(from: depth + 1) + depth }
}

@Suite(.isolated) struct CrashTests {
  @Test(arguments: StartMethod.forTasks, CrashKind.allCases)
  func `a crash becomes an error with signal, message and stack`(method: StartMethod, kind: CrashKind) async throws {
    let child = try ChildProcess.start(Crash(kind: kind), name: "doomed", context: ProcessContext(method))
    let error = try await failure(of: child)
    #expect(error.code == .childCrashed)
    let crash = try #require(error.crash)
    guard case .signaled(let signal) = crash.status else {
      Issue.record("\(crash.status)")
      return
    }
    #expect(kind.signals.contains(signal))
    #expect(error.terminationStatus == crash.status)
    #expect(crash.processID == child.id)
    #expect(crash.processName == "doomed")
    #expect(crash.taskDescription == "MultiprocessingTests.Crash")
    expectMessage(of: crash, kind.message)
    #expect(!crash.likelyOutOfMemory)
    if kind != .killed {
      let function = kind == .stackOverflow ? "descend" : "Crash.run"
      // The compiler gives the trap of an overflow no line of its own.
      let place = kind == .overflow ? "Crash" : "CrashTests.swift:"
      #expect(crash.frames.contains { $0.contains(function) && $0.contains(place) }, "\(crash)")
    }
    #expect(try await child.join() == crash.status)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a crash in a closure names the function that holds it`(method: StartMethod) async throws {
    let child = try ChildProcess.start([1], context: ProcessContext(method)) { (numbers: [Int]) in numbers[1] }
    let crash = try #require(try await failure(of: child).crash)
    #expect(crash.frames.contains { $0.contains("names the function that holds it") }, "\(crash)")
    #expect(crash.taskDescription?.contains("names the function that holds it") == true, "\(crash)")
  }

  @Test(arguments: StartMethod.forTasks)
  func `a kill from outside is a crash with that signal`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    kill(child.id, SIGKILL)
    let error = try await failure(of: child)
    #expect(error.code == .childCrashed)
    #expect(error.crash?.status == .signaled(SIGKILL))
    #expect(error.crash?.frames.isEmpty == true)
  }

  @Test func `a crash in a forked copy is reported the same way`() async throws {
    let numbers = [1, 2, 3]
    let child = try ChildProcess.fork { numbers[numbers.count + 1] }
    let crash = try #require(try await failure(of: child).crash)
    expectMessage(of: crash, "Fatal error: Index out of range")
    #expect(crash.frames.contains { $0.contains("reported the same way") }, "\(crash)")
  }

  @Test func `the program goes on after a hundred crashes`() async throws {
    let children = try (0..<100).map { _ in try ChildProcess.start(Crash(kind: .overflow)) }
    for child in children { #expect(try await failure(of: child).code == .childCrashed) }
    #expect(try await ChildProcess.start { 1 }.value == 1)
  }
}
