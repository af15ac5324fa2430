import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite struct `Memory is reserved` {
  /// Takes from a machine that has so much.
  private final class Machine: Sendable {
    // SAFETY: used by one thread, the test's.
    private nonisolated(unsafe) var left: UInt64
    private(set) nonisolated(unsafe) var looks = 0
    private(set) nonisolated(unsafe) var taken: [Range<Int>] = []

    init(_ bytes: UInt64) { left = bytes }

    func look() -> UInt64 {
      looks += 1
      return left
    }

    func take(_ range: Range<Int>) throws {
      taken.append(range)
      left -= UInt64(range.count)
    }
  }

  @Test func `in steps, each after a look`() throws {
    let machine = Machine(1 << 30)
    try MemoryReservation { machine.look() }.reserve(100..<(200 << 20)) { try machine.take($0) }
    #expect(machine.taken.map(\.count).reduce(0, +) == 200 << 20 - 100)
    #expect(machine.taken.count == 4)
    #expect(zip(machine.taken, machine.taken.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    #expect(machine.looks >= 4)
  }

  @Test func `not at all when there is too little for all`() throws {
    let machine = Machine(100 << 20)
    let reservation = MemoryReservation { machine.look() }
    let error = try #require(throws: MultiprocessingError.self) {
      try reservation.reserve(0..<(100 << 20)) { try machine.take($0) }
    }
    #expect(error.code == .outOfMemory)
    #expect(machine.taken.isEmpty)
  }

  @Test func `until others have taken the rest`() throws {
    let machine = Machine(300 << 20)
    let reservation = MemoryReservation { machine.look() }
    let error = try #require(throws: MultiprocessingError.self) {
      try reservation.reserve(0..<(200 << 20)) { range in
        try machine.take(range)
        try machine.take(range)
      }
    }
    #expect(error.code == .outOfMemory)
    #expect(machine.taken.count == 4)
  }

  @Test func `in small pieces with few looks, but never to the end`() throws {
    let machine = Machine(64 << 20)
    let reservation = MemoryReservation { machine.look() }
    let error = try #require(throws: MultiprocessingError.self) {
      while true { try reservation.reserve(0..<8192) { try machine.take($0) } }
    }
    #expect(error.code == .outOfMemory)
    #expect(machine.looks < machine.taken.count / 4)
    #expect(machine.look() >= 1 << 19)
    #expect(machine.look() <= 4 << 20)
  }

  @Test func `without a look where nothing is known`() throws {
    let machine = Machine(100 << 20)
    try MemoryReservation { nil }.reserve(0..<(100 << 20)) { try machine.take($0) }
    #expect(machine.taken.count == 2)
  }

  @Test(arguments: [ENOMEM, ENOSPC, EFBIG])
  func `with an error of its own when the system has none`(number: Int32) throws {
    let error = try #require(throws: MultiprocessingError.self) {
      try MemoryReservation { nil }.reserve(0..<1) { _ in throw SystemError(call: "fallocate", number: number) }
    }
    #expect(error.code == .outOfMemory)
    #expect(error.cause is SystemError)
  }
}
