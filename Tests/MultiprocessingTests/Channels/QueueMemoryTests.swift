import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// What queues do with their memory.
@Suite(.isolated) struct QueueMemoryTests {
  /// Bytes of memory behind a queue's file.
  private func allocated<E>(_ queue: Queue<E>) throws -> Int {
    let payload = try TransferCoder<Queue<E>>().encode(queue, .sameBuild)
    return try MemoryFile(payload.descriptors[0]).sizes().allocated
  }

  private func attemptPut(_ core: QueueCore, _ bytes: [UInt8]) throws -> Bool {
    try bytes.withUnsafeBytes { bytes in try core.attempt { try core.put(bytes, $0) } != nil }
  }

  private func attemptTake(_ core: QueueCore) throws -> [UInt8]? {
    var taken: [UInt8]?
    _ = try core.attempt { try core.take($0) { taken = [UInt8]($0) } }
    return taken
  }

  @Test func `messages of any size arrive whole, through one queue`() async throws {
    let queue = try Queue<[UInt8]>()
    let sizes = [0, 1, 7, 8, 9, 100, 4096, 12_000, 65_536, 1 << 20, 30 << 20, 3, 9 << 20, 0]
    let child = try ChildProcess.start(queue, sizes) { queue, sizes in
      for (index, size) in sizes.enumerated() { try await queue.put([UInt8](repeating: UInt8(index), count: size)) }
    }
    for (index, size) in sizes.enumerated() {
      let bytes = try await queue.get()
      #expect(bytes.count == size && bytes.allSatisfy { $0 == UInt8(index) })
    }
    try await child.value
  }

  @Test func `an idle queue takes little memory, and a drained one gives it back`() async throws {
    let queue = try Queue<[UInt8]>()
    #expect(try allocated(queue) <= 16 << 10)
    for size in [100_000, 50 << 20] {
      let count = (100 << 20) / size
      for _ in 0..<count { try await queue.put([UInt8](repeating: 1, count: size)) }
      #expect(try allocated(queue) >= count * size)
      for _ in 0..<count { _ = try await queue.get() }
      // What is kept for the next round, and the segment in use.
      #expect(try allocated(queue) <= 24 << 20)
    }
  }

  @Test func `a queue whose consumers keep up goes round in little memory`() async throws {
    let queue = try Queue<[UInt8]>()
    for _ in 0..<20_000 {
      try await queue.put([UInt8](repeating: 1, count: 1000))
      _ = try await queue.get()
    }
    #expect(try allocated(queue) <= 256 << 10)
  }

  @Test(arguments: [64 << 10, 1 << 20, 5 << 20])
  func `large elements that are taken at once go round in the memory of two or three`(size: Int) async throws {
    let queue = try Queue<[UInt8]>()
    for _ in 0..<50 {
      for _ in 0..<2 { try await queue.put([UInt8](repeating: 1, count: size)) }
      for _ in 0..<2 { _ = try await queue.get() }
    }
    #expect(try allocated(queue) <= 3 * size + (512 << 10))
  }

  @Test func `small and large elements by turns do not take memory anew`() throws {
    let core = QueueCore(try QueueMemory(capacity: nil, tracksCompletion: false, elementSize: nil))
    var sums: Set<UInt64> = []
    for round in 0..<40 {
      for size in [100, 1 << 20, 30_000, 200_000, 2 << 20] {
        #expect(try attemptPut(core, [UInt8](repeating: 1, count: size)))
        #expect(try attemptTake(core)?.count == size)
      }
      if round >= 10 { sums.insert(core.words.heldWord.load()) }
    }
    #expect(sums.count == 1)
  }

  @Test func `producers wait for consumers that take fast, and for no others`() throws {
    let core = QueueCore(try QueueMemory(capacity: 300, tracksCompletion: false, elementSize: nil))
    let pace = QueuePace()
    // So large that any rate is fast.
    let waits = { pace.wait(core.words, 1 << 40) }
    for _ in 0..<200 {
      #expect(try attemptPut(core, [1]))
      #expect(!waits())
    }
    var number = 0
    for _ in 0..<64 {
      #expect(try attemptTake(core) == [1])
      if waits() { number += 1 }
    }
    #expect(number > 0)
    // The last of them may still count.
    for _ in 0..<32 { _ = waits() }
    for _ in 0..<64 { #expect(!waits()) }
  }

  @Test func `what does not fit is refused, and the queue goes on`() throws {
    let core = QueueCore(try QueueMemory(capacity: 10, tracksCompletion: false, elementSize: 8))
    #expect(core.words.window < 64 << 20)
    let large = [UInt8](repeating: 1, count: core.words.window)
    for _ in 0..<2 {
      let error = #expect(throws: MultiprocessingError.self) { try attemptPut(core, large) }
      #expect(error?.code == .outOfMemory)
      #expect(try attemptPut(core, [1]))
      #expect(try attemptTake(core) == [1])
    }
    // Of a batch, what stands before it is put.
    let batch = [[1], large, [2]]
    let number = try core.attempt { mode in
      try core.put(3, mode) { index, write in try batch[index].withUnsafeBytes(write) }
    }
    #expect(number == 1 && core.words.count == 1)
    #expect(try attemptTake(core) == [1])
  }

  @Test func `a put that meets the end of its queue leaves no memory behind`() throws {
    let queue = try Queue<[UInt8]>()
    let (core, bytes) = (queue.core, [UInt8](repeating: 1, count: 40 << 20))
    let error = #expect(throws: MultiprocessingError.self) {
      try core.attempt { mode in
        try core.put(1, mode) { _, write in
          core.finish()
          try bytes.withUnsafeBytes(write)
        }
      }
    }
    #expect(error?.code == .closed && queue.isEmpty)
    #expect(try allocated(queue) <= 16 << 10)
  }

  @Test func `no process can cut the memory of others, or seal it`() throws {
    let queue = try TransferCoder<Queue<Int>>().encode(try Queue<Int>(), .sameBuild)
    let array = try TransferCoder<SharedArray<Int>>().encode(try SharedArray(repeating: 0, count: 100_000), .sameBuild)
    let lock = try TransferCoder<Lock>().encode(try Lock(), .sameBuild)
    for payload in [queue, array, lock] {
      let number = payload.descriptors[0].number
      #expect(ftruncate(number, 4096) == -1 && errno == EPERM)
      // F_ADD_SEALS, which Swift does not know: against shrinking, growing, writing, and writing by new mappings.
      for seal in [2, 4, 8, 16] as [Int32] {
        #expect(fcntl(number, 1033, seal) == -1 && errno == EPERM)
      }
    }
    #expect(ftruncate(queue.descriptors[0].number, 1 << 40) == -1 && errno == EPERM)
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func `puts and gets of random sizes agree with an array`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let core = QueueCore(try QueueMemory(capacity: nil, tracksCompletion: seed % 2 == 0, elementSize: nil))
    var model: [[UInt8]] = []
    for step in 0..<3000 {
      // Longer and shorter at times.
      if random.chance(step / 300 % 2 == 0 ? 60 : 35) {
        let size =
          random.chance(3) ? Int.random(in: 0...300_000, using: &random) : Int.random(in: 0...3000, using: &random)
        let bytes = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size)
        #expect(try attemptPut(core, bytes))
        model.append(bytes)
      } else {
        #expect(try attemptTake(core) == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(core.words.count == model.count)
    }
    for bytes in model { #expect(try attemptTake(core) == bytes) }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func `a queue that was scribbled on gives errors or wrong values, and ends no process`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let core = QueueCore(try QueueMemory(capacity: nil, tracksCompletion: true, elementSize: nil))
    for size in [10, 5000, 20_000, 100, 70_000, 8] { #expect(try attemptPut(core, [UInt8](repeating: 1, count: size))) }
    let words = core.words
    // All but the latches, which processes that write where they should not can keep from each other anyway.
    let places = [136, 144, 152, 256, 392, 512, 1024, 1032, 1040, 1072, words.firstPlace, words.firstPlace + 8]
    for _ in 0..<30 {
      let place =
        random.chance(70)
        ? places.randomElement(using: &random)! : Int.random(in: 0..<20_000, using: &random) * 8 + 4096
      var value = UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0...60, using: &random)
      if random.chance(30) { value = words.longWord(at: places.randomElement(using: &random)!).load() }
      if random.chance(20) { value = 1 << 63 | UInt64.random(in: 0..<4096, using: &random) * 8 }
      words.longWord(at: place).store(value)
      _ = try? attemptTake(core)
      _ = try? attemptPut(core, [UInt8](repeating: 2, count: Int.random(in: 0...30_000, using: &random)))
      core.tidy()
      core.recoverProducers()
      core.recoverConsumers()
      _ = words.count
    }
  }

  @Test func `waits end at their time though a latch is held, and go on when it is free`() async throws {
    for producers in [true, false] {
      let queue = try Queue<Int>(capacity: 2)
      try await queue.put(1)
      let latch = producers ? queue.core.words.producerLatch : queue.core.words.consumerLatch
      _ = try latch.acquire()
      await expect(.timedOut) {
        if producers {
          try await queue.put(2, timeout: .milliseconds(30))
        } else {
          _ = try await queue.get(timeout: .milliseconds(30))
        }
      }
      let wait = Task { if producers { try await queue.put(2) } else { _ = try await queue.get() } }
      let cancelled = Task { if producers { try await queue.put(3) } else { _ = try await queue.get() } }
      try await Task.sleep(for: .milliseconds(120))
      cancelled.cancel()
      await #expect(throws: CancellationError.self) { try await cancelled.value }
      #expect(queue.count == 1)
      latch.release()
      try await wait.value
      #expect(queue.count == (producers ? 2 : 0))
    }
  }
}
