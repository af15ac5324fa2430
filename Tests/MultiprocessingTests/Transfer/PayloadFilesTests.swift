import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `Files of payloads` {
  private func written(_ number: Int, count: Int = 100_000) throws -> TransferPayload {
    try TransferCoder<[Int]>().encode([Int](repeating: number, count: count), .sameBuild, spills: true)
  }

  private func inode(_ payload: TransferPayload) throws -> SharedFileStatus.Identity {
    try SharedFileStatus(of: #require(payload.file).file.descriptor).identity
  }

  @Test func `are used again when nobody has them any more, and not before`() async throws {
    try await expectNoLeaks {
      let use = PayloadFiles.Use(.usual)
      var first: TransferPayload? = try written(1)
      let identity = try inode(#require(first))
      let second = try written(2)
      #expect(try inode(second) != identity)
      first = nil
      let third = try written(3)
      #expect(try inode(third) == identity)
      #expect(try TransferCoder<[Int]>().decode(second, .sameBuild).allSatisfy { $0 == 2 })
      #expect(try TransferCoder<[Int]>().decode(third, .sameBuild).allSatisfy { $0 == 3 })
      withExtendedLifetime(use) {}
    }
  }

  @Test func `are large enough after growing, and serve smaller arrays`() throws {
    let use = PayloadFiles.Use(.usual)
    for count in [40_000, 400_000, 50_000, 1_000_000, 33_000] {
      let payload = try written(count, count: count)
      #expect(try TransferCoder<[Int]>().decode(payload, .sameBuild) == [Int](repeating: count, count: count))
    }
    withExtendedLifetime(use) {}
  }

  @Test func `that are large are not taken for small messages, which may be long under way`() throws {
    let use = PayloadFiles.Use(.usual)
    let identity = try inode(written(1, count: 2_000_000))
    let small = try written(2, count: 40_000)
    #expect(try inode(small) != identity)
    #expect(try inode(written(3, count: 2_000_000)) == identity)
    withExtendedLifetime((use, small)) {}
  }

  @Test func `of another build are not read as raw memory`() throws {
    let payload = try written(1)
    let error = #expect(throws: MultiprocessingError.self) { try TransferCoder<[Int]>().decode(payload, .portable) }
    #expect(error?.code == .notTransferable)
  }

  @Test func `that are not in memory are refused`() throws {
    let path = TemporaryFile()
    TemporaryFile.append(String(repeating: "x", count: 100), to: path.path)
    let number = open(path.path, O_RDONLY)
    let file = MemoryFile(Descriptor(owning: number))
    #expect(try PayloadFile(received: file, byteCount: 50) == nil)
  }

  @Test func `are lent for reading only`() throws {
    let use = PayloadFiles.Use(.usual)
    let file = try #require(written(1).file)
    #expect(fcntl(file.file.descriptor.number, F_GETFL) & O_ACCMODE == O_RDONLY)
    withExtendedLifetime(use) {}
  }

  @Test func `are kept by nobody who has no use for them`() throws {
    #expect(!PayloadFiles.shared.giveUp())
    _ = try written(1)
    #expect(!PayloadFiles.shared.giveUp())
  }

  @Test func `go back to the system when nobody took them for a while`() async throws {
    let use = PayloadFiles.Use(.usual)
    let before = ProcessInspection.descriptors().values.count { $0.contains("mp-payload") }
    let kept = try written(1)
    _ = try written(2)
    withExtendedLifetime(kept) {
      #expect(ProcessInspection.descriptors().values.count { $0.contains("mp-payload") } > before)
    }
    #expect(
      await eventually { ProcessInspection.descriptors().values.count { $0.contains("mp-payload") } == before + 1 })
    // What was lent is the reader's, whoever closed the file.
    #expect(try TransferCoder<[Int]>().decode(kept, .sameBuild).count == 100_000)
    withExtendedLifetime(use) {}
  }

  @Test(arguments: [0, 100, 799_999])
  func `that became shorter, or are no longer what was said, are an error`(length: Int) throws {
    let content = try written(1)
    let file = try MemoryFile(named: "mp-cut")
    try file.write(#require(content.file).bytes(from: 0))
    let payload = TransferPayload(bytes: content.bytes, file: PayloadFile(written: file, byteCount: 800_000))
    #expect(try TransferCoder<[Int]>().decode(payload, .sameBuild).count == 100_000)
    try file.resize(to: length)
    let error = #expect(throws: MultiprocessingError.self) { try TransferCoder<[Int]>().decode(payload, .sameBuild) }
    #expect(error?.code == .notTransferable)
  }

  @Test func `hold what follows an array, too`() throws {
    let numbers = Array(0..<50_000)
    let long = String(repeating: "x", count: 20_000)
    // Before the first array: in the bytes; too much for these; nothing.
    for start in ["first", long, ""] {
      let payload = try encodeArguments(start, numbers, [long: 1], numbers, [] as [Int], format: .sameBuild)
      let read = try decodeArguments(
        (String.self, [Int].self, [String: Int].self, [Int].self, [Int].self), from: payload, format: .sameBuild)
      #expect(read.0 == start && read.1 == numbers && read.2 == [long: 1] && read.3 == numbers && read.4.isEmpty)
      let error = #expect(throws: MultiprocessingError.self) {
        try decodeArguments((String.self, [Int].self), from: payload, format: .sameBuild)
      }
      #expect(error?.code == .notTransferable)
    }
  }
}

@Suite(.isolated) struct `Large arrays` {
  @Test func `of many tasks at once keep their contents`() async throws {
    try await expectNoLeaks {
      try await withProcessPool(workers: 3) { pool in
        let sums = try await pool.map(0..<40) { number in [Int](repeating: number, count: 100_000 + number) }
        for (number, array) in sums.enumerated() {
          #expect(array.count == 100_000 + number && array.allSatisfy { $0 == number })
        }
        let tasks = try (0..<40).map { number in
          try pool.submit([Int](repeating: number, count: 120_000 - number)) { $0.map { $0 + 1 } }
        }
        for (number, task) in tasks.enumerated() {
          let array = try await task.value
          #expect(array.count == 120_000 - number && array.allSatisfy { $0 == number + 1 })
        }
      }
    }
  }

  @Test func `are sent again whole when their worker dies`() async throws {
    let marker = TemporaryFile()
    let path = marker.path
    try await withProcessPool(workers: 2) { pool in
      let numbers = Array(0..<200_000)
      async let others = pool.map(0..<30) { number in [Int](repeating: number, count: 100_000) }
      let answer = try await pool.run(numbers, path, options: TaskOptions(retries: 2)) { numbers, path in
        if (try? String(contentsOfFile: path, encoding: .utf8))?.isEmpty != false {
          TemporaryFile.append("died", to: path)
          kill(getpid(), SIGKILL)
        }
        return numbers.reversed() as [Int]
      }
      #expect(answer == numbers.reversed())
      for (number, array) in try await others.enumerated() { #expect(array.allSatisfy { $0 == number }) }
    }
  }

  @Test func `wait in a connection, one behind the other, each in its own file`() async throws {
    try await expectNoLeaks {
      let (near, far) = try Connection<[Int], Never>.pair()
      for number in 0..<5 { try await near.send([Int](repeating: number, count: 50_000 * (number + 1))) }
      for number in 0..<5 {
        let array = try await far.receive()
        #expect(array.count == 50_000 * (number + 1) && array.allSatisfy { $0 == number })
      }
      for number in 5..<8 { try await near.send([Int](repeating: number, count: 10_000)) }
      let bytes = try await far.receiveBytes()
      #expect(bytes.count == 9 + 80_000)
      let error = try await expectFailure(.limitExceeded) { try await far.receiveBytes(limit: 1000) }
      #expect(error.message.contains("80009"))
      #expect(try await far.receive() == [Int](repeating: 6, count: 10_000))
      near.close()
      #expect(try await far.receive() == [Int](repeating: 7, count: 10_000))
    }
  }
}
