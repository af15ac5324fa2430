import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ClosureRefusalTests {
  @Test(arguments: StartMethod.forTasks)
  func `a capturing closure is refused before anything starts, with the remedy`(method: StartMethod) throws {
    let offset = CommandLine.arguments.count
    let error = try expectRefusal(.notTransferable) {
      try ChildProcess.start(1, context: ProcessContext(method)) { $0 + offset }
    }
    #expect(error.message.contains("captures"))
    try expectRefusal(.notTransferable) {
      try ChildProcess.start(context: ProcessContext(method)) { print(offset) }
    }
  }

  @Test func `a generic task that is local is refused before anything starts`() throws {
    struct Local<Value: Codable & Sendable>: ProcessTask {
      var value: Value
      func run() -> Value { value }
    }
    let error = try expectRefusal(.notTransferable) { try ChildProcess.start(Local(value: 1)) }
    #expect(error.message.contains("make it internal"))
  }

  @Test func `an argument of a local type is refused before anything starts`() throws {
    struct Local: Codable, Sendable { var text = "" }
    let error = try expectRefusal(.notTransferable) { try ChildProcess.start(Local()) { (_: Local) in 1 } }
    #expect(error.message.contains("private or local type"))
  }

  @Test(arguments: StartMethod.forTasks)
  func `an argument that cannot be encoded is refused before anything starts`(method: StartMethod) throws {
    let error = try expectRefusal(.notTransferable) {
      try ChildProcess.start(Unencodable(), context: ProcessContext(method)) { $0.text }
    }
    #expect("\(error)".contains("cannot be written"))
  }

  @Test func `start method fork runs no tasks`() throws {
    try expectRefusal(.unsupported) { try ChildProcess.start(context: ProcessContext(.fork)) { 1 } }
    try expectRefusal(.unsupported) {
      try ChildProcess.start(Scale(values: [], factor: 1), context: ProcessContext(.fork))
    }
  }
}
