import Foundation
import Testing

@testable import Multiprocessing

/// Takes memory until there is none.
struct Devour: ProcessTask {
  func run() -> Int {
    var pieces: [[UInt8]] = []
    while true { pieces.append([UInt8](repeating: 1, count: 1 << 20)) }
  }
}

struct SpinForever: ProcessTask {
  func run() -> Int {
    var count = 0
    while true { count &+= 1 }
  }
}

@Suite(.isolated) struct ResourceLimitTests {
  @Test(arguments: StartMethod.forTasks)
  func `memory above the limit fails the task and names the limit`(method: StartMethod) async throws {
    let limits = ResourceLimits(memory: 192 << 20)
    let error = try await failure(of: try ChildProcess.start(Devour(), context: ProcessContext(method, limits: limits)))
    #expect(error.code == .limitExceeded, "\(error)")
    #expect(error.message.contains("\(192 << 20) bytes of memory"))
    #expect(error.crash?.likelyOutOfMemory == true)
  }

  @Test(arguments: StartMethod.forTasks)
  func `processor time above the limit fails the task and names the limit`(method: StartMethod) async throws {
    let limits = ResourceLimits(cpuTime: .milliseconds(500))
    let error = try await failure(
      of: try ChildProcess.start(SpinForever(), context: ProcessContext(method, limits: limits)))
    #expect(error.code == .limitExceeded, "\(error)")
    #expect(error.message.contains("processor time"))
    #expect(error.terminationStatus == .signaled(SIGXCPU))
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child has no more descriptors than its limit`(method: StartMethod) async throws {
    let context = ProcessContext(method, limits: ResourceLimits(openFiles: 40))
    let child = try ChildProcess.start(context: context) {
      var highest: Int32 = 0
      while true {
        let number = open("/dev/null", O_RDONLY)
        if number < 0 { return highest }
        highest = number
      }
    }
    #expect(try await child.value == 39)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a crash far below the memory limit is a crash`(method: StartMethod) async throws {
    #expect(Duration(secondsComponent: .max, attosecondsComponent: 1).wholeSecondsRoundedUp == .max)
    let limits = ResourceLimits(memory: 1 << 30, cpuTime: .seconds(50), openFiles: 100)
    let child = try ChildProcess.start(Crash(kind: .badIndex), context: ProcessContext(method, limits: limits))
    let error = try await failure(of: child)
    #expect(error.code == .childCrashed)
    #expect(error.crash?.likelyOutOfMemory == false)
  }

  @Test(arguments: StartMethod.forTasks)
  func `our own kill of a child with limits is no exceeded limit`(method: StartMethod) async throws {
    let limits = ResourceLimits(memory: 1 << 30, cpuTime: .seconds(1))
    let child = try ChildProcess.start(context: ProcessContext(method, limits: limits)) {
      try await Task.sleep(for: .seconds(100))
    }
    try child.kill()
    #expect(try await failure(of: child).code == .childCrashed)
  }

  @Test func `limits of zero or less are refused`() throws {
    for limits in [
      ResourceLimits(memory: 0), ResourceLimits(memory: -1), ResourceLimits(openFiles: 0),
      ResourceLimits(cpuTime: .zero), ResourceLimits(cpuTime: .seconds(-1)),
    ] {
      try expectRefusal(.invalidArgument) { try ChildProcess.start(context: ProcessContext(limits: limits)) { 1 } }
    }
  }
}
