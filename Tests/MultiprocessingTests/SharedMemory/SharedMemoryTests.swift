import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `Shared memory` {
  private func bytes(_ memory: SharedMemory) -> [UInt8] { memory.withUnsafeMutableBytes { Array($0) } }

  private func expectRefusal(
    _ code: MultiprocessingError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> SharedMemory
  ) throws -> MultiprocessingError {
    let error = try #require(throws: MultiprocessingError.self, sourceLocation: sourceLocation) { _ = try body() }
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    return error
  }

  @Test(arguments: [1, 4095, 4096, 4097, 10_000_000])
  func `has exactly the bytes asked for, all zero and writable`(byteCount: Int) throws {
    let memory = try SharedMemory(byteCount: byteCount)
    #expect(memory.byteCount == byteCount)
    #expect(memory.name == nil)
    memory.withUnsafeMutableBytes { bytes in
      #expect(bytes.count == byteCount)
      #expect(bytes.allSatisfy { $0 == 0 })
      bytes[byteCount - 1] = 7
    }
    #expect(bytes(memory).last == 7)
  }

  @Test(arguments: [0, -1, Int.min])
  func `of no bytes is refused`(byteCount: Int) throws {
    _ = try expectRefusal(.invalidArgument) { try SharedMemory(byteCount: byteCount) }
    let name = SharedName()
    _ = try expectRefusal(.invalidArgument) { try SharedMemory(creating: name.text, byteCount: byteCount) }
    #expect(!name.exists)
  }

  @Test(arguments: [Int.max, 1 << 50])
  func `of more bytes than there are is an error and takes none`(byteCount: Int) throws {
    _ = try expectRefusal(.outOfMemory) { try SharedMemory(byteCount: byteCount) }
    let name = SharedName()
    _ = try expectRefusal(.outOfMemory) { try SharedMemory(creating: name.text, byteCount: byteCount) }
    #expect(!name.exists)
  }

  @Test(arguments: StartMethod.forTasks)
  func `is the same memory in a child`(method: StartMethod) async throws {
    let memory = try SharedMemory(byteCount: 5)
    let child = try ChildProcess.start(memory, context: ProcessContext(method)) { memory in
      memory.withUnsafeMutableBytes { $0.copyBytes(from: Array("howdy".utf8)) }
      return memory
    }
    let returned = try await child.value
    #expect(bytes(memory) == Array("howdy".utf8))
    memory.withUnsafeMutableBytes { $0[0] = 72 }
    #expect(bytes(returned) == Array("Howdy".utf8))
  }

  @Test func `is the same memory in a forked copy`() async throws {
    let memory = try SharedMemory(byteCount: 1)
    try await ChildProcess<Void>.fork { memory.withUnsafeMutableBytes { $0[0] = 3 } }.join()
    #expect(bytes(memory) == [3])
  }

  @Test(arguments: StartMethod.forTasks)
  func `is found by its name in a child, and as an argument`(method: StartMethod) async throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 10)
    let child = try ChildProcess.start(name.text, memory, context: ProcessContext(method)) { name, memory in
      let opened = try SharedMemory(opening: name)
      opened.withUnsafeMutableBytes { $0[1] = 5 }
      memory.withUnsafeMutableBytes { $0[0] = $0[1] + 1 }
      return memory.name == name && opened.name == name && opened.byteCount == 10
    }
    #expect(try await child.value)
    #expect(bytes(memory).prefix(2) == [6, 5])
  }

  @Test func `keeps its name until it is unlinked, whoever ends`() async throws {
    let name = SharedName()
    let child = try ChildProcess.start(name.text) { name in
      let memory = try SharedMemory(creating: name, byteCount: 3)
      memory.withUnsafeMutableBytes { $0[2] = 9 }
      kill(getpid(), SIGKILL)
    }
    try await child.join()
    let reader = try ChildProcess.start(name.text) { name in
      try SharedMemory(opening: name).withUnsafeMutableBytes { $0[2] }
    }
    #expect(try await reader.value == 9)
    let memory = try SharedMemory(opening: name.text)
    try SharedMemory.unlink(name.text)
    #expect(bytes(memory) == [0, 0, 9])
    #expect(try expectRefusal(.system) { try SharedMemory(opening: name.text) }.message.contains("there is none"))
  }

  @Test func `is created under a name once`() throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 2)
    let error = try expectRefusal(.system) { try SharedMemory(creating: name.text, byteCount: 2) }
    #expect(error.message.contains("exists"))
    try SharedMemory.unlink(name.text)
    let second = try SharedMemory(creating: name.text, byteCount: 4)
    #expect((memory.byteCount, second.byteCount) == (2, 4))
    #expect(throws: MultiprocessingError.self) { try SharedMemory.unlink("\(name.text)-other") }
  }

  @Test func `may have a slash in front of its name`() throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: "/\(name.text)", byteCount: 2)
    #expect(try SharedMemory(opening: name.text).byteCount == memory.byteCount)
  }

  @Test(arguments: ["", "/", ".", "..", "a/b", "//a", "a\0b", String(repeating: "n", count: 256)])
  func `with a name that cannot be is refused`(name: String) throws {
    _ = try expectRefusal(.invalidArgument) { try SharedMemory(creating: name, byteCount: 1) }
    _ = try expectRefusal(.invalidArgument) { try SharedMemory(opening: name) }
    let error = try #require(throws: MultiprocessingError.self) { try SharedMemory.unlink(name) }
    #expect(error.code == .invalidArgument)
  }

  @Test func `may have a name of 255 bytes in any script`() throws {
    let name = SharedName(suffix: "-öαж")
    let long = name.text + String(repeating: "x", count: 255 - name.text.utf8.count)
    let memory = try SharedMemory(creating: long, byteCount: 1)
    try SharedMemory.unlink(long)
    #expect(memory.name == long)
  }

  @Test func `that another program has cut short or emptied is an error to open`() throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 10_000)
    #expect(truncate(name.path, 100) == 0)
    let opened = try SharedMemory(opening: name.text)
    #expect(opened.byteCount == 100)
    #expect(truncate(name.path, 0) == 0)
    #expect(try expectRefusal(.system) { try SharedMemory(opening: name.text) }.message.contains("empty"))
    // It is not touched, so nothing faults; sending it on tells its size.
    let payload = try TransferCoder<SharedMemory>().encode(memory, .sameBuild)
    #expect(throws: MultiprocessingError.self) { try TransferCoder<SharedMemory>().decode(payload, .sameBuild) }
  }

  @Test func `that is cut short ends who touches the part cut off, and nobody else`() async throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 10_000)
    #expect(truncate(name.path, 0) == 0)
    let child = try ChildProcess.start(name.text, memory.byteCount) { name, byteCount in
      // As before it was cut: the child sees the size of its own opening.
      truncate("/dev/shm/\(name)", off_t(byteCount))
      let memory = try SharedMemory(opening: name)
      truncate("/dev/shm/\(name)", 0)
      memory.withUnsafeMutableBytes { $0[0] = 1 }
    }
    #expect(try await child.join() == .signaled(SIGBUS))
    #expect(memory.byteCount == 10_000)
  }

  @Test func `is no directory and no pipe`() throws {
    let name = SharedName()
    #expect(mkfifo(name.path, 0o600) == 0)
    _ = try expectRefusal(.system) { try SharedMemory(opening: name.text) }
    unlink(name.path)
    #expect(mkdir(name.path, 0o700) == 0)
    _ = try expectRefusal(.system) { try SharedMemory(opening: name.text) }
    rmdir(name.path)
  }

  @Test func `crosses after its name is gone`() async throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 1)
    try SharedMemory.unlink(name.text)
    let child = try ChildProcess.start(memory) { memory in memory.withUnsafeMutableBytes { $0[0] = 8 } }
    try await child.join()
    #expect(bytes(memory) == [8])
  }

  @Test func `is attached to by an unrelated program, whose end removes nothing`() throws {
    let name = SharedName()
    let memory = try SharedMemory(creating: name.text, byteCount: 3)
    let shell = Foundation.Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "printf abc | dd of=\(name.path) conv=notrunc 2>/dev/null"]
    try shell.run()
    shell.waitUntilExit()
    #expect(bytes(memory) == Array("abc".utf8))
    #expect(name.exists)
  }

  /// A thousand times; ten thousand with MP_PROVE.
  @Test func `leaves nothing behind`() async throws {
    _ = try SharedMemory(byteCount: 1)
    let before = SharedResources.now()
    let names = ProcessInspection.descriptors().values.count { $0.hasPrefix("/dev/shm/") }
    for round in 0..<Cycles.count {
      _ = try SharedMemory(byteCount: 1 + round % 1000 * 100)
      let name = SharedName()
      _ = try SharedMemory(creating: name.text, byteCount: 10)
    }
    #expect(await SharedResources.areBack(at: before))
    #expect(ProcessInspection.descriptors().values.count { $0.hasPrefix("/dev/shm/") } == names)
  }
}

/// How often what leaves nothing behind is made and dropped.
enum Cycles {
  static let count = ProcessInfo.processInfo.environment["MP_PROVE"] == nil ? 1000 : 10_000
}

/// A name that nobody else has, unlinked with this object.
final class SharedName: Sendable {
  let text: String
  var path: String { "/dev/shm/\(text)" }
  var exists: Bool { access(path, F_OK) == 0 }

  init(suffix: String = "") { text = "mp-test-\(UUID().uuidString)\(suffix)" }

  deinit { unlink(path) }
}
