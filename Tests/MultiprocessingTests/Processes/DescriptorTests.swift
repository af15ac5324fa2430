import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Runs a program of the system's with its output in a file, and waits for it.
private func run(_ program: String, _ argument: String, output path: String) throws {
  var (id, status): (pid_t, Int32) = (0, 0)
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT, 0o600)
  let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("-l"), strdup(argument), nil]
  defer { for argument in arguments { free(argument) } }
  guard posix_spawn(&id, program, &actions, nil, arguments, environ) == 0 else {
    throw PlainFailure(description: "no \(program)")
  }
  waitpid(id, &status, 0)
}

@Suite(.isolated) struct DescriptorTests {
  @Test(arguments: StartMethod.forTasks)
  func `a child that could not set itself up says why`(method: StartMethod) async throws {
    for step in [ChildSetup.Step.descriptors, .page, .lifeline] {
      let child = try ChildProcess<Void>.start(step.rawValue, context: ProcessContext(method)) { number in
        errno = ENOMEM
        ChildSetup.giveUp(ChildSetup.Step(rawValue: number)!)
      }
      let error = await #expect(throws: MultiprocessingError.self) { try await child.value }
      #expect(error?.code == .startFailed && error?.terminationStatus == .exited(step.rawValue))
      #expect(error?.message.contains("Cannot allocate memory") == true)
    }
    let own = try ChildProcess<Void>.start(context: ProcessContext(method)) { exit(ChildSetup.Step.page.rawValue) }
    #expect(await code { try await own.value } == .childExited)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child has the descriptors meant for it, whatever the parent has open`(method: StartMethod) async throws {
    let few = try await descriptors(method)
    let file = TemporaryFile()
    // Not close-on-exec, and some with high numbers: as careless as a program can be.
    let opened = (0..<20).map { _ in open(file.path, O_RDWR | O_CREAT, 0o600) }
    let high = [300, 700].map { dup2(opened[0], $0) }
    defer { for number in opened + high { close(number) } }
    let many = try await descriptors(method)
    #expect(many == few)
    #expect(few.keys.sorted().prefix(3) == [0, 1, 2])
    #expect(few[0] == "/dev/null")
    #expect(!many.values.contains(file.path))
    #expect(few.count < 20, "\(few)")
  }

  /// By kind: the numbers behind pipes and sockets are new in every child.
  private func descriptors(_ method: StartMethod) async throws -> [Int32: String] {
    let child = try ChildProcess.start(context: ProcessContext(method)) { ProcessInspection.plainDescriptors() }
    return try await child.value.mapValues { String($0.prefix { $0 != "[" }) }
  }

  @Test(arguments: StartMethod.forTasks)
  func `all children that run at the same time have equally many`(method: StartMethod) async throws {
    let children = try (0..<6).map { _ in
      try ChildProcess.start(context: ProcessContext(method)) {
        try await Task.sleep(for: .milliseconds(50))
        return ProcessInspection.plainDescriptors().count
      }
    }
    var counts: Set<Int> = []
    for child in children { counts.insert(try await child.value) }
    #expect(counts.count == 1)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a descriptor of the parent's is not open in a child`(method: StartMethod) async throws {
    let number = dup2(2, 555)
    defer { close(number) }
    let child = try ChildProcess.start(number, context: ProcessContext(method)) {
      fcntl($0, F_GETFD) == -1 && errno == EBADF
    }
    #expect(try await child.value)
  }

  @Test func `a forked copy keeps the user's descriptors and none of the library's`() async throws {
    let pipe = Pipe()
    let writing = pipe.fileHandleForWriting.fileDescriptor
    let own = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    let channel = own.process.channel.socket.descriptor.number
    let child = try ChildProcess.fork { () -> Bool in
      _ = write(writing, "x\n", 2)
      return ProcessInspection.descriptors()[channel]?.hasPrefix("socket") != true
    }
    _ = try await child.value
    #expect(pipe.fileHandleForReading.availableData == Data("x\n".utf8))
    try own.kill()
    try await own.join()
    try pipe.fileHandleForReading.close()
    try pipe.fileHandleForWriting.close()
  }

  @Test(arguments: StartMethod.available)
  func `many starts leave neither descriptors nor zombies`(method: StartMethod) async throws {
    try await expectNoLeaks {
      for _ in 0..<30 {
        let child =
          method == .fork
          ? try ChildProcess.fork { 1 } : try ChildProcess.start(context: ProcessContext(method)) { 1 }
        #expect(try await child.value == 1)
      }
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a program started by a child has no descriptor of the library's`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      let file = TemporaryFile()
      try run("/bin/ls", "/proc/self/fd", output: file.path)
      return file.lines.compactMap { $0.split(separator: ">").last.map(String.init) }
    }
    let kinds = try await child.value
    // Standard error is a pipe of the library's, input and output are not.
    #expect(kinds.filter { $0.contains("pipe:") }.count == 1, "\(kinds)")
    #expect(
      !kinds.contains { $0.contains("socket:") || $0.contains("memfd:") || $0.contains("anon_inode:") }, "\(kinds)")
  }

  @Test(arguments: StartMethod.forTasks)
  func `a parent without standard streams starts children, and so does a child`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      for number in 0...2 as ClosedRange<Int32> { close(number) }
      let inner = try ChildProcess.start(context: ProcessContext(method)) {
        print("to nowhere")
        FileHandle.standardError.write(Data("to nowhere\n".utf8))
        return ProcessInspection.descriptors()[1] ?? "closed"
      }
      let value = try await inner.value
      return "\(value) \(try await inner.join())"
    }
    #expect(try await child.value == "/dev/null exit code 0")
    #expect(try await child.join() == .exited(0))
  }

  @Test func `starts without descriptors fail, leave none, and work when there are some again`() async throws {
    // In a child, because the limit is that of a whole process; its first start of all is among those that fail.
    let child = try ChildProcess.start {
      let first = try await startWithFewDescriptors()
      let second = try await startWithFewDescriptors()
      // The reactor may still be about to let go of the last one.
      let isBack = await eventually { ProcessInspection.plainDescriptors().count <= first.open }
      let value = try await ChildProcess.start { 3 }.value
      return [first.codes, second.codes, "\(isBack)", "\(value)"]
    }
    let seen = try await child.value
    #expect(seen == ["startFailed", "startFailed", "true", "3"], "\(seen)")
  }
}

/// Forks with room for none, one, two … descriptors; then the codes of the failures, and how many are open that are not
/// the runtime's own: Dispatch opens some when it first needs them.
private func startWithFewDescriptors() async throws -> (codes: String, open: Int) {
  var codes: Set<String> = []
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  let usual = limit.rlim_cur
  for room in 1...30 as ClosedRange<rlim_t> {
    let highest = ProcessInspection.descriptors().keys.max() ?? 0
    // What was closed below the highest would be room, too.
    var fillers: [Int32] = []
    repeat { fillers.append(dup(0)) } while fillers.last! < highest
    defer { for number in fillers { close(number) } }
    limit.rlim_cur = rlim_t(fillers.last!) + room
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    do {
      try await ChildProcess.fork {}.join()
    } catch let error as MultiprocessingError {
      codes.insert("\(error.code)")
    }
    limit.rlim_cur = usual
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
  return (codes.sorted().joined(separator: " "), ProcessInspection.plainDescriptors().count)
}
