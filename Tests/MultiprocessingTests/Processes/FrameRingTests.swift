import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct FrameRingTests {
  /// Both ends, each with a mapping of its own.
  private func pair() throws -> (near: RingPair, far: RingPair) {
    let (near, file) = try RingPair.make()
    return (near, try RingPair(received: file))
  }

  private func frame(_ number: UInt64, byteCount: Int) -> Frame {
    Frame(
      .task, task: number, payload: TransferPayload(bytes: [UInt8](repeating: UInt8(number % 251), count: byteCount)))
  }

  /// The numbers of the next tasks, nil where there is none.
  private func take(_ count: Int, from intake: inout TaskIntake) throws -> [UInt64?] {
    var numbers: [UInt64?] = []
    for _ in 0..<count { numbers.append(try intake.next()?.task) }
    return numbers
  }

  @Test func `frames of all sizes arrive whole and in order, around the end and across it`() throws {
    let (near, far) = try pair()
    var writer = FrameRingWriter(near.tasks)
    var reader = FrameRingReader(far.tasks)
    var random = SeededRandom(seed: 1)
    var (sent, received): (UInt64, UInt64) = (0, 0)
    var sizes: [Int] = []
    while received < 20_000 {
      while random.chance(60) {
        let size =
          random.chance(80) ? Int.random(in: 0...200, using: &random) : Int.random(in: 0...16_384, using: &random)
        guard try writer.put(frame(sent, byteCount: size)) else { break }
        sizes.append(size)
        sent += 1
      }
      while random.chance(60), let next = try reader.take() {
        #expect(next.task == received)
        #expect(next.payload.bytes == frame(received, byteCount: sizes[Int(received)]).payload.bytes)
        received += 1
      }
    }
    #expect(reader.hasMore == (sent != received))
  }

  @Test func `a full ring takes nothing until something was read`() throws {
    let (near, far) = try pair()
    var writer = FrameRingWriter(near.answers)
    var reader = FrameRingReader(far.answers)
    var count = 0
    while try writer.put(frame(1, byteCount: 10_000)) { count += 1 }
    #expect(count == 6)
    #expect(try reader.take() != nil)
    #expect(try !writer.put(frame(1, byteCount: 16_384)))
    #expect(try writer.put(frame(1, byteCount: 2_000)))
    #expect(FrameRing.takes(frame(1, byteCount: 16_384)))
    #expect(!FrameRing.takes(frame(1, byteCount: 16_385)))
  }

  @Test func `what the other process scribbles is an error or a frame, never a fault`() throws {
    var random = SeededRandom(seed: 7)
    for _ in 0..<3_000 {
      let (near, file) = try RingPair.make()
      let memory = try SharedFile(copying: file).map(byteCount: RingPair.byteCount)
      var writer = FrameRingWriter(near.tasks)
      var reader = FrameRingReader(near.tasks)
      for number in 0..<4 as Range<UInt64> { _ = try writer.put(frame(number, byteCount: 40)) }
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        // The words, lengths and heads more often than what is in the frames.
        let offset =
          random.chance(40)
          ? Int.random(in: 0..<256, using: &random) & ~7 : 4096 + Int.random(in: 0..<400, using: &random)
        memory.address.storeBytes(of: UInt8.random(in: 0...255, using: &random), toByteOffset: offset, as: UInt8.self)
      }
      do {
        var taken = 0
        while try reader.take() != nil { taken += 1 }
        #expect(taken <= 100)
        _ = try writer.put(frame(9, byteCount: 100))
      } catch let error as MultiprocessingError {
        #expect(error.code == .notTransferable)
      }
    }
  }

  @Test func `a file of another size, or one that may shrink, is refused`() throws {
    let small = try SharedFile(named: "mp-test")
    try small.extend(to: 4096)
    #expect(throws: SystemError.self) { try RingPair(received: small.descriptor) }
    let open = try MemoryFile(named: "mp-test")
    try open.resize(to: RingPair.byteCount)
    #expect(throws: SystemError.self) { try RingPair(received: open.descriptor) }
  }

  @Test func `tasks keep their order, whichever way they come`() throws {
    let (near, far) = try pair()
    var writer = FrameRingWriter(near.tasks)
    var intake = TaskIntake()
    intake.use(FrameRingReader(far.tasks))
    #expect(intake.isEmpty)
    for number in 1...2 as ClosedRange<UInt64> { _ = try writer.put(frame(number, byteCount: 8)) }
    intake.add(frame(3, byteCount: 100_000))
    for number in [3, 4] as [UInt64] { _ = try writer.put(Frame(.elsewhere, task: number)) }
    _ = try writer.put(frame(5, byteCount: 8))
    // The content of the fourth is still on its way, and nothing overtakes it.
    #expect(try take(4, from: &intake) == [1, 2, 3, nil])
    #expect(!intake.isEmpty)
    intake.add(frame(4, byteCount: 100_000))
    #expect(try take(3, from: &intake) == [4, 5, nil])
    #expect(intake.isEmpty)
  }

  @Test func `a task can be dropped wherever it is`() throws {
    let (near, far) = try pair()
    var writer = FrameRingWriter(near.tasks)
    var intake = TaskIntake()
    intake.use(FrameRingReader(far.tasks))
    for number in 1...3 as ClosedRange<UInt64> { _ = try writer.put(frame(number, byteCount: 8)) }
    #expect(try intake.drop(2))
    #expect(try !intake.drop(2))
    intake.add(frame(4, byteCount: 100_000))
    #expect(try intake.drop(4))
    #expect(try !intake.drop(4))
    _ = try writer.put(Frame(.elsewhere, task: 4))
    _ = try writer.put(frame(5, byteCount: 8))
    #expect(try take(4, from: &intake) == [1, 3, 5, nil])
    #expect(intake.isEmpty)
  }

  @Test func `a task that is given back, sent again and given back again leaves nothing behind`() throws {
    let (near, far) = try pair()
    var writer = FrameRingWriter(near.tasks)
    var intake = TaskIntake()
    intake.use(FrameRingReader(far.tasks))
    for _ in 0..<3 {
      intake.add(frame(1, byteCount: 100_000))
      #expect(try writer.put(Frame(.elsewhere, task: 1)))
      #expect(try intake.drop(1))
    }
    #expect(try writer.put(frame(2, byteCount: 8)))
    #expect(try take(2, from: &intake) == [2, nil])
    #expect(intake.isEmpty)
  }
}
