// What a child may use: all of Swift concurrency, Dispatch, threads and Foundation.
import Dispatch
import Foundation
import Multiprocessing
import Synchronization

@MainActor var mainActorCalls = 0

@MainActor
func isOnMainThread() -> Bool {
  mainActorCalls += 1
  return Thread.isMainThread
}

actor Account {
  private var balance = 0

  func add(_ amount: Int) -> Int {
    balance += amount
    return balance
  }
}

func concurrency() async throws -> [String] {
  let sum = await withTaskGroup(of: Int.self) { group in
    for number in 1...100 { group.addTask { number } }
    return await group.reduce(0, +)
  }
  async let left = Task.detached { 20 }.value
  async let right = Task { 22 }.value
  let account = Account()
  for _ in 0..<10 { _ = await account.add(5) }
  let start = ContinuousClock.now
  try await Task.sleep(for: .milliseconds(20))
  let hasSlept = ContinuousClock.now - start >= .milliseconds(20)
  return ["group \(sum)", "async let \(await left + right)", "actor \(await account.add(0))", "slept \(hasSlept)"]
}

func mainThread() async -> [String] {
  let viaActor = await isOnMainThread()
  let viaRun = await MainActor.run { Thread.isMainThread }
  let viaQueue = await withCheckedContinuation { continuation in
    DispatchQueue.main.async { continuation.resume(returning: Thread.isMainThread) }
  }
  return ["main actor \(viaActor) \(viaRun)", "main queue \(viaQueue)"]
}

func dispatch() async -> [String] {
  let count = Mutex(0)
  let viaQueue = await withCheckedContinuation { continuation in
    DispatchQueue.global().async {
      DispatchQueue.concurrentPerform(iterations: 50) { _ in count.withLock { $0 += 1 } }
      continuation.resume(returning: count.withLock { $0 })
    }
  }
  let viaTimer = await withCheckedContinuation { continuation in
    DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume(returning: true) }
  }
  let viaThread = await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: !Thread.isMainThread) }
  }
  return ["concurrentPerform \(viaQueue)", "after \(viaTimer)", "thread \(viaThread)"]
}

func foundation() throws -> [String] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let json = try encoder.encode(["b": 2, "a": 1])
  let address = URL(string: "https://example.org/a/b?c=d")
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(secondsFromGMT: 0)
  formatter.dateFormat = "EEEE d MMMM yyyy"
  let date = formatter.string(from: Date(timeIntervalSince1970: 0))
  return ["json \(String(decoding: json, as: UTF8.self))", "url \(address?.lastPathComponent ?? "")", "date \(date)"]
}

@main
struct Program {
  static func main() async throws {
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(context: ProcessContext(method)) {
        try await concurrency() + mainThread() + dispatch() + foundation()
      }
      for line in try await child.value { print(method, line) }
    }
  }
}
