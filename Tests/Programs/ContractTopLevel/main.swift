// The part of the contract's top-level program that needs processes and pools alone.
import Foundation
import Multiprocessing

var total = 0
let c = try ChildProcess.start(1) { number in print("child", number) }
try await c.join()
try await withProcessPool(workers: 2) { pool in
  let r = try await pool.map([1, 2]) { $0 * 2 }
  total += r.reduce(0, +)
  try await pool.run("bob") { print($0) }
  try await pool.map(["a", "b"], options: .chunkSize(2)) { print($0) }
}
print(total)
