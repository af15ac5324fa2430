// Every way a child can crash, and what the parent learns of it.
import Glibc
import Multiprocessing

enum Fault: String, Codable, CaseIterable {
  case fatalError, precondition, index, unwrap, overflow, division, cast, exclusivity
  case memory, stack, abort, interrupt, kill, exit
}

final class Box {
  var numbers = [1, 2, 3]
  func swapInside(_ numbers: inout [Int]) { numbers.append(self.numbers.count) }
}

/// Those that may be on the stack at a crash: a call at the end of a function replaces its frame.
let functions = ["commit", "overlap", "deeper"]

func deeper(_ depth: Int) -> Int { depth == .max ? 0 : deeper(depth + 1) + deeper(depth + 2) }

/// Zero, nil and the like that the optimiser cannot see.
@inline(never)
func opaque<Value>(_ value: Value) -> Value { value }

@inline(never)
func commit(_ fault: Fault) -> Int {
  switch fault {
  case .fatalError: Swift.fatalError("no way out")
  case .precondition: Swift.precondition(opaque(false), "not so")
  case .index: return [1, 2, 3][opaque(7)]
  case .unwrap: return opaque(Int?.none)!
  case .overflow: return opaque(Int.max) + opaque(1)
  case .division: return 1 / opaque(0)
  case .cast: return opaque("text" as Any) as! Int
  case .exclusivity: return overlap()
  case .memory: return UnsafePointer<Int>(bitPattern: opaque(16))!.pointee
  case .stack: return deeper(opaque(0))
  case .abort: Glibc.abort()
  // Not `raise`: threads of the pool block signals, so one sent to this thread would wait.
  case .interrupt: Glibc.kill(getpid(), SIGINT)
  case .kill: raise(SIGKILL)
  case .exit: Glibc.exit(9)
  }
  while true { pause() }
}

@inline(never)
func overlap() -> Int {
  let box = opaque(Box())
  box.swapInside(&box.numbers)
  return box.numbers.count
}

@main
struct Program {
  static func main() async throws {
    var kind = "optimised"
    assert({ kind = "checked" }() == ())
    print(kind)
    for method in StartMethod.forTasks {
      for fault in Fault.allCases {
        let child = try ChildProcess.start(fault, context: ProcessContext(method)) { commit($0) }
        do {
          print(method, fault, "value", try await child.value)
        } catch let error as MultiprocessingError {
          let ending = try await child.join()
          let frame = error.crash?.frames.first { line in functions.contains { line.contains($0) } }
          let message = error.crash?.message ?? "-"
          print("\(method) \(fault) | \(error.code) | \(ending) | \(message) | \(frame == nil ? "-" : "framed")")
        }
      }
    }
  }
}
