// The contract's program at the top level.
import Foundation
import Multiprocessing
let q = try Queue<Int>()
var total = 0
try await q.put(1)
let v = try await q.get()
let lock = try Lock()
try await lock.withLock { total += v }
let c = try ChildProcess.start(q) { q in try await q.put(1) }
try await c.join()
try await withProcessPool(workers: 2) { pool in
  let r = try await pool.map([1, 2]) { $0 * 2 }
  total += r.reduce(0, +)
  try await pool.run("bob") { print($0) }
  try await pool.map(["a", "b"]) { print($0) }
}
print(total)
