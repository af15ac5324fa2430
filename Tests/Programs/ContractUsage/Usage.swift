// The contract's usage program, and a main that calls all of it.
import Foundation
import Multiprocessing

struct IsPrime: ProcessTask {
  let n: Int
  func run() -> Bool { isPrime(n) }
}
func isPrime(_ n: Int) -> Bool { n > 1 && !(2..<n).contains { n % $0 == 0 } }

actor Stats {
  var count = 0
  let lock: Lock
  let sv: SharedValue<Int>
  let sem: CountingSemaphore

  init() throws {
    lock = try Lock()
    sv = try SharedValue(0)
    sem = try CountingSemaphore(value: 2)
  }

  func hit(_ pool: ProcessPool) async throws -> Int {
    try await lock.withLock { count += 1 }
    try await sv.withLock { $0 += count }
    try await sem.withPermit { count += 1 }
    try await sem.withPermit {
      try await Task.sleep(for: .milliseconds(10))
      count += 1
    }
    sv.value += 1
    print("shared", sv.value, count)
    count = 2
    let xs = try await pool.run(all: (0..<count).map { IsPrime(n: $0 + count) })
    count = xs.count
    try await withProcessPool(workers: 1) { p in count += try await p.map([1, 2]) { $0 + 1 }.count }
    return count
  }
}

@MainActor final class VM {
  var n = 0
  func go() async throws {
    let pool = try ProcessPool(workers: 2)
    defer { pool.cancelAll() }
    n = try await pool.map(["1,2", "3"], options: .chunkSize(3)) { s in s.split(separator: ",").map { Int($0) ?? 0 } }
      .flatMap { $0 }.filter { $0 > 1 }.count
    try await withProcessPool(workers: 1) { p in n += try await p.run(3, options: .timeout(.seconds(10))) { $0 } }
    for try await f in pool.stream(0..<10, order: .completion, { isPrime($0) }) { n += f ? 1 : 0 }
    for await o in pool.stream(all: [IsPrime(n: 1)]).results { if case .failure(let e) = o { print(e) } }
    let t = try pool.submit(20, options: .init(timeout: .seconds(20), retries: 3)) { $0 * $0 }
    print(try await t.value(timeout: .seconds(10)))
    let ts = try (0..<4).map { try pool.submit(IsPrime(n: $0)) }
    var primes = 0
    for try await d in ts.asCompleted() { primes += try await d.value ? 1 : 0 }
    let (done, pending) = try await ts.waitForTasks(until: .firstError)
    print(primes, done.count, pending.count)
    let ready = try await waitForAny(of: CurrentProcess.activeChildren, timeout: .milliseconds(10))
    print(ready.first === ready.last)
    print("count", n)
  }
}

func syncMain() throws {
  let p = try ChildProcess.start("bob") { print("hello", $0) }
  try p.blocking.join()
  let q = try Queue<Int>()
  try q.blocking.put(3)
  print(try q.blocking.get(timeout: .seconds(10)))
  let sum = try ChildProcess.fork { [1.0, 2.0].reduce(0, +) }
  print(try sum.blocking.value())
  let pool = try ProcessPool(workers: 2)
  print(try pool.blocking.map([1, 2]) { $0 + 1 }, try pool.blocking.run(IsPrime(n: 3)))
  let lock = try Lock()
  try lock.blocking.withLock { print("x") }
  let r = try RecursiveLock()
  try r.blocking.withLock { try r.blocking.withLock {} }
  let s = try SharedValue(3)
  try s.blocking.withLock { $0 += 1 }
  print("value", s.value)
}

struct Ponger: ProcessTask {
  let word: String
  let token: Queue<Int>
  func run() throws {
    var n = try token.blocking.get()
    while n < 50 {
      print(word, terminator: "")
      try token.blocking.put(n + 1)
      n = try token.blocking.get()
    }
    try token.blocking.put(n)
  }
}

enum Msg: Codable, Sendable {
  case ping(Int)
  case none
}

func conns() async throws {
  let (a, b) = try Connection.pair(sending: Msg.self, receiving: Int.self)
  try await a.send(.ping(3))
  print(try await b.receive())
  let (r, w) = try Connection<Never, Int>.pair()
  try await w.send(3)
  print(try await r.receive())
  try await b.send(4)
  let ready = try await waitForAny(of: [a, b], timeout: .seconds(10))
  print(ready.contains { $0 === a }, ready.count)
}

func ping() async throws {
  let token = try Queue<Int>()
  // Words of no letters: which player gets the token how often is chance.
  let players = try ["", ""].map { try ChildProcess.start(Ponger(word: $0, token: token)) }
  try await token.put(0)
  for player in players { try await player.join() }
  print("last", try await token.get())
}

func generic<P: WorkerPool>(_ pool: P) async throws -> [Int] { try await pool.map([1, 2, 3]) { $0 + 1 } }
func anyPool(_ pool: any WorkerPool) async throws -> Int { try await pool.run(3) { $0 + 1 } }
func call(_ body: @Sendable () throws -> Void) throws { try body() }

@main struct Program {
  static func main() async throws {
    try call { try syncMain() }
    try await conns()
    try await ping()
    try await VM().go()
    let pool = try ProcessPool(workers: 1)
    print("actor", try await Stats().hit(pool))
    print(
      "generic", try await generic(pool), try await generic(ThreadPool(threads: 2)), try await anyPool(InlinePool()))
    let x: TerminationStatus = .exited(0)
    print(x)
  }
}
