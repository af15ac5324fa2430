import Testing

@testable import Multiprocessing

@Suite struct MultiprocessingErrorTests {
  private func crossed(_ error: MultiprocessingError) throws -> MultiprocessingError {
    let coder = TransferCoder<MultiprocessingError>()
    return try coder.decode(try coder.encode(error, .portable), .portable)
  }

  @Test func `an error crosses with code, message, status and remote failure`() throws {
    let failure = RemoteFailure(typeName: "App.Late", description: "too late", processID: 7, processName: "Process-1")
    let error = MultiprocessingError(.childThrew, "it threw", status: .exited(1), remoteFailure: failure)
    let arrived = try crossed(error)
    #expect(arrived.code == .childThrew)
    #expect(arrived.message == "it threw")
    #expect(arrived.terminationStatus == .exited(1))
    #expect(arrived.remoteFailure?.typeName == "App.Late")
    #expect(arrived.remoteFailure?.processID == 7)
  }

  @Test func `a cause crosses as its description, twice the same`() throws {
    let once = try crossed(MultiprocessingError(.system, "no", cause: PlainFailure(description: "deep")))
    let twice = try crossed(once)
    for arrived in [once, twice] {
      let cause = try #require(arrived.cause as? RemoteFailure)
      #expect(cause.description == "deep")
      #expect(cause.typeName == "MultiprocessingTests.PlainFailure")
    }
  }

  @Test func `a crash report crosses whole`() throws {
    let crash = CrashReport(
      processID: 5, processName: "p", taskDescription: "App.Task", status: .signaled(11), message: "Fatal error: x",
      standardErrorTail: "one\ntwo\n", likelyOutOfMemory: true, addresses: [])
    let arrived = try #require(try crossed(MultiprocessingError(.childCrashed, "died", crash: crash)).crash)
    #expect(arrived.description == crash.description)
    #expect(arrived.status == .signaled(11))
    #expect(arrived.likelyOutOfMemory)
  }

  @Test func `the status of a crash is the error's own`() {
    let crash = CrashReport(
      processID: 5, processName: "p", taskDescription: nil, status: .signaled(6), message: nil, standardErrorTail: "",
      likelyOutOfMemory: false, addresses: [])
    #expect(MultiprocessingError(.childCrashed, "died", crash: crash).terminationStatus == .signaled(6))
  }

  @Test func `a report's text leaves out the runtime's list of frames without names`() {
    let list = "Current stack trace:\n0    libswiftCore.so 0x1 <unavailable>\n12   app 0x2 main + 3"
    let words = "so long\n\(list)\n7 up"
    let crash = CrashReport(
      processID: 5, processName: "p", taskDescription: nil, status: .signaled(4), message: nil,
      standardErrorTail: words, likelyOutOfMemory: false, addresses: [])
    #expect(crash.description.hasSuffix("standard error:\n    so long\n    7 up"))
  }

  @Test func `an error reads as code, message and report`() {
    let crash = CrashReport(
      processID: 5, processName: "p", taskDescription: "App.Task", status: .signaled(9), message: nil,
      standardErrorTail: "last words\n", likelyOutOfMemory: true, addresses: [])
    let text = MultiprocessingError(.childCrashed, "died", crash: crash).description
    #expect(
      text == """
        childCrashed: died
        p (pid 5) ended by signal 9 (SIGKILL)
          task: App.Task
          likely out of memory
          standard error:
            last words
        """)
  }

  @Test func `statuses read as people say them`() {
    #expect(TerminationStatus.exited(3).description == "exit code 3")
    #expect(TerminationStatus.signaled(15).description == "signal 15 (SIGTERM)")
    #expect(TerminationStatus.unknown.description == "unknown status")
  }

  @Test func `a code that a later version adds is a code all the same`() throws {
    let arrived = try crossed(MultiprocessingError(.init("fromTheFuture"), "new"))
    #expect(arrived.code != .system)
    #expect(arrived.code.description == "fromTheFuture")
  }
}
