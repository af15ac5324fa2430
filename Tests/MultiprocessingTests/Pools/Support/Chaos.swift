import Foundation

@testable import Multiprocessing

/// One of many: it notes that it begins, then does what the chaos asks of it.
struct Errand: ProcessTask {
  enum Way: CaseIterable { case answer, nap, fail, die, spin }

  var number: Int
  var way: Int
  var path: String

  func run() async throws -> Int {
    TemporaryFile.append("\(number)", to: path)
    switch Way.allCases[way] {
    case .answer: break
    case .nap: try await Task.sleep(for: .microseconds(number % 4000))
    case .fail: throw CodableFailure(reason: "errand", places: [number])
    case .die: raise(SIGKILL)
    case .spin: while true { usleep(500) }
    }
    return number
  }
}

/// Kills and stops workers at random until it is over.
struct Striker {
  var random: SeededRandom
  var most = 40
  /// What was stopped goes on at the next strike; else some do, and the others are left to the pool.
  var isKind = false

  mutating func strike(_ pool: ProcessPool, until over: Completion<Void>) async throws {
    var (strikes, stopped) = (0, ProcessID?.none)
    func goOn() {
      if isKind, let stopped { kill(stopped, SIGCONT) }
      stopped = nil
    }
    defer { goOn() }
    while over.value == nil {
      try await Task.sleep(for: .milliseconds(Int.random(in: 1...40, using: &random)))
      goOn()
      guard strikes < most, let victim = pool.workers.randomElement(using: &random)?.processID else { continue }
      strikes += 1
      let signal = [SIGKILL, SIGKILL, SIGSTOP, SIGCONT].randomElement(using: &random) ?? SIGKILL
      kill(victim, signal)
      if signal == SIGSTOP { stopped = victim }
    }
  }
}
