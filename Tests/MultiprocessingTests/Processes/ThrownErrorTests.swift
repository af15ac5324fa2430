import Foundation
import Testing

@testable import Multiprocessing

/// An error that takes its time to be decoded.
struct SlowFailure: Error, Codable, Equatable {
  var reason: String

  init(reason: String) { self.reason = reason }

  init(from decoder: any Decoder) throws {
    reason = try decoder.singleValueContainer().decode(String.self)
    usleep(300_000)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(reason)
  }
}

/// An error whose decoding waits for the end of the child that threw it.
struct InquisitiveFailure: Error, Codable {
  /// Written before the child throws.
  nonisolated(unsafe) static var child: ChildProcess<Int>?
  var text = "text"

  init() {}

  init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
    while Self.child?.isAlive == true { usleep(1000) }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// A Codable error without words of its own.
struct SpeechlessFailure: Error, Codable, Equatable, CustomStringConvertible {
  var number: Int

  var description: String { fatalError("described") }
}

@Suite(.isolated) struct ThrownErrorTests {
  @Test func `a Codable error crosses without being described`() async throws {
    func number(_ body: () async throws -> Void) async -> Int? {
      do { try await body() } catch { return (error as? SpeechlessFailure)?.number }
      return nil
    }
    let child = try ChildProcess<Void>.start(3) { throw SpeechlessFailure(number: $0) }
    #expect(await number { try await child.value } == 3)
    try await withProcessPool(workers: 1) { pool in
      #expect(await number { try await pool.run(4) { throw SpeechlessFailure(number: $0) } } == 4)
    }
  }

  @Test func `a long description is cut, and a Codable error that cannot cross says so`() async throws {
    struct Long: Error, CustomStringConvertible {
      var description: String { String(repeating: "word ", count: 1_000_000) }
    }
    let long = ThrownError(Long())
    #expect(long.failure.description.utf8.count < 100_000)
    struct Local: Error, Codable {}
    let local = ThrownError.error(in: ThrownError(Local()).payload()) as? MultiprocessingError
    #expect(local?.code == .childThrew && local?.message.contains("make the type internal") == true)
    let plain = ThrownError.error(in: long.payload()) as? MultiprocessingError
    #expect(plain?.message.hasSuffix("make the error type Codable for it to arrive as itself") == true)
  }

  @Test(arguments: StartMethod.forTasks)
  func `the decoding of an error may ask for its child`(method: StartMethod) async throws {
    let isKnown = try Event()
    let child = try ChildProcess.start(isKnown, context: ProcessContext(method)) { isKnown -> Int in
      try await isKnown.wait()
      throw InquisitiveFailure()
    }
    InquisitiveFailure.child = child
    isKnown.set()
    await #expect(throws: InquisitiveFailure.self) { try await child.value }
    #expect(child.terminationStatus == .exited(1))
    InquisitiveFailure.child = nil
  }

  @Test(arguments: StartMethod.available)
  func `the end of a child does not pass the error that came before it`(method: StartMethod) async throws {
    let child =
      method == .fork
      ? try ChildProcess.fork { () -> Int in throw SlowFailure(reason: "early") }
      : try ChildProcess.start(context: ProcessContext(method)) { () -> Int in throw SlowFailure(reason: "early") }
    // Looks for the end in this thread, while that of the reactor decodes.
    #expect(await eventually { !child.isAlive })
    await #expect(throws: SlowFailure(reason: "early")) { try await child.value }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a Codable error arrives as its own type`(method: StartMethod) async throws {
    let child = try ChildProcess.start("why", context: ProcessContext(method)) { reason -> Int in
      throw CodableFailure(reason: reason, places: [1, 2])
    }
    await #expect(throws: CodableFailure(reason: "why", places: [1, 2])) { try await child.value }
    #expect(try await child.join() == .exited(1))
  }

  @Test(arguments: StartMethod.forTasks)
  func `a cancellation arrives as itself`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { throw CancellationError() }
    await #expect(throws: CancellationError.self) { try await child.value }
  }

  @Test(arguments: StartMethod.forTasks)
  func `an error of the library's keeps its code, message and cause`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { () -> Int in
      throw MultiprocessingError(.brokenBarrier, "three of four came", cause: PlainFailure(description: "late"))
    }
    let error = try await failure(of: child)
    #expect(error.code == .brokenBarrier)
    #expect(error.message == "three of four came")
    #expect((error.cause as? RemoteFailure)?.description == "late")
  }

  @Test(arguments: StartMethod.forTasks)
  func `another error is described, with its type and process`(method: StartMethod) async throws {
    let child = try ChildProcess.start(name: "thrower", context: ProcessContext(method)) { () -> Int in
      throw PlainFailure(description: "out of paper")
    }
    let error = try await failure(of: child)
    #expect(error.code == .childThrew)
    let remote = try #require(error.remoteFailure)
    #expect(remote.typeName == "MultiprocessingTests.PlainFailure")
    #expect(remote.description == "out of paper")
    #expect(remote.processName == "thrower")
    #expect(remote.processID == child.id)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a failure inside the child's own child passes through two processes`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      try await ChildProcess.start { () -> Int in throw CodableFailure(reason: "deep", places: []) }.value
    }
    await #expect(throws: CodableFailure(reason: "deep", places: [])) { try await child.value }
    let crashing = try ChildProcess.start(context: ProcessContext(method)) {
      try await ChildProcess.start(name: "deep") { () -> Int in abort() }.value
    }
    let error = try await failure(of: crashing)
    #expect(error.code == .childCrashed)
    #expect(error.crash?.processName == "deep")
    #expect(error.terminationStatus == .signaled(SIGABRT))
  }

  @Test(arguments: StartMethod.forTasks)
  func `what cannot be encoded or decoded fails the task and says what`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    let argument = try await failure(of: try ChildProcess.start(Undecodable(), context: context) { $0.text })
    #expect(argument.code == .notTransferable)
    #expect("\(argument)".contains("cannot be read"))
    let unwritten = try await failure(of: try ChildProcess.start(context: context) { Unencodable() })
    #expect(unwritten.code == .notTransferable)
    #expect("\(unwritten)".contains("cannot be written"))
    let unread = try await failure(of: try ChildProcess.start(context: context) { Undecodable() })
    #expect(unread.code == .notTransferable)
    #expect("\(unread)".contains("Undecodable"))
  }

  @Test(arguments: StartMethod.forTasks)
  func `exit before the value is an error with the code`(method: StartMethod) async throws {
    let child = try ChildProcess.start(3, context: ProcessContext(method)) { (code: Int32) -> Int in exit(code) }
    let error = try await failure(of: child)
    #expect(error.code == .childExited)
    #expect(error.terminationStatus == .exited(3))
    #expect(try await child.join() == .exited(3))
    let silent = try ChildProcess.start(context: ProcessContext(method)) { exit(0) }
    #expect(try await failure(of: silent).terminationStatus == .exited(0))
  }

  @Test func `an error is printed on the child's standard error`() async throws {
    let printed = try ChildProcess.start {
      try await output(of: 2) {
        try await ChildProcess.start(name: "printer") { () -> Int in throw PlainFailure(description: "no ink") }.join()
      }
    }
    #expect(try await printed.value == "printer ended by an error: no ink\n")
  }
}
