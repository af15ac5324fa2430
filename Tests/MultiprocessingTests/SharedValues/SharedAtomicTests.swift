import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `A shared atomic` {
  private func check<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_ type: T.Type) throws {
    let atomic = try SharedAtomic<T>(5)
    #expect(atomic.load() == 5)
    atomic.store(.max)
    #expect(atomic.wrappingAdd(1) == .max)
    #expect(atomic.load() == .min)
    #expect(atomic.wrappingSubtract(1) == .min)
    #expect(atomic.load() == .max)
    #expect(atomic.min(7) == .max)
    #expect(atomic.min(9) == 7)
    #expect(atomic.max(3) == 7)
    #expect(atomic.max(12) == 7)
    #expect(atomic.bitwiseAnd(6) == 12)
    #expect(atomic.bitwiseOr(3) == 4)
    #expect(atomic.exchange(.min) == 7)
    #expect(atomic.compareExchange(expected: 1, desired: 2) == (false, .min))
    #expect(atomic.compareExchange(expected: .min, desired: .max) == (true, .min))
    #expect(atomic.load() == .max)
    #expect(atomic.min(.min) == .max)
    #expect(atomic.max(.max) == .min)
  }

  @Test func `does all its steps on integers of every size`() throws {
    try check(Int8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
    try check(Int.self)
    try check(UInt8.self)
    try check(UInt16.self)
    try check(UInt32.self)
    try check(UInt64.self)
    try check(UInt.self)
  }

  @Test func `compares negative numbers as such`() throws {
    let atomic = try SharedAtomic<Int16>(-5)
    #expect(atomic.min(3) == -5)
    #expect(atomic.max(-7) == -5)
    #expect(atomic.load() == -5)
    #expect(atomic.compareExchange(expected: -5, desired: -6).exchanged)
    #expect(atomic.bitwiseAnd(-2) == -6)
    #expect(atomic.bitwiseOr(-8) == -6)
  }

  @Test func `of more than eight bytes is refused`() throws {
    let signed = try #require(throws: MultiprocessingError.self) { _ = try SharedAtomic<Int128>(0) }
    let unsigned = try #require(throws: MultiprocessingError.self) { _ = try SharedAtomic<UInt128>(0) }
    #expect(signed.code == .unsupported && unsigned.code == .unsupported)
  }

  @Test(arguments: StartMethod.forTasks)
  func `loses no step of several processes and threads`(method: StartMethod) async throws {
    let atomic = try SharedAtomic(0)
    let children = try (0..<4).map { _ in
      try ChildProcess.start(atomic, context: ProcessContext(method)) { atomic in
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<2 { group.addTask { for _ in 0..<10_000 { atomic.wrappingAdd(1) } } }
        }
      }
    }
    for _ in 0..<10_000 { atomic.wrappingAdd(1) }
    for child in children { #expect(try await child.join() == .exited(0)) }
    #expect(atomic.load() == 90_000)
  }

  @Test func `is the same in a forked copy`() async throws {
    let atomic = try SharedAtomic<UInt8>(1)
    try await ChildProcess<Void>.fork { _ = atomic.exchange(200) }.join()
    #expect(atomic.load() == 200)
  }

  @Test func `loses nothing when those that count are killed`() async throws {
    let atomic = try SharedAtomic(0)
    let child = try ChildProcess.start(atomic) { atomic in while true { atomic.wrappingAdd(1) } }
    #expect(await eventually { atomic.load() > 1000 })
    try child.kill()
    try await child.join()
    let last = atomic.load()
    #expect(atomic.wrappingAdd(1) == last)
  }

  @Test func `is not taken for one of another type`() throws {
    let payload = try TransferCoder<SharedAtomic<Int>>().encode(SharedAtomic(1), .sameBuild)
    #expect(throws: MultiprocessingError.self) {
      try TransferCoder<SharedAtomic<Int32>>().decode(payload, .sameBuild)
    }
  }
}
