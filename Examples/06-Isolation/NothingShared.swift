internal import Multiprocessing

extension Program {
  static let nothingShared = Program(
    "nothing-shared", rows: [40], .isolation, "each child has its own copy of a number"
  ) {
    let number = 0
    let children = try (1...2).map { _ in
      try ChildProcess.start(number, 100) { number, iterations in
        print("proc number init \(number)")
        var number = number
        for _ in 0..<iterations { number += 1 }
        print("proc number done \(number)")
      }
    }
    for child in children { try await child.join() }
    print("main done, number \(number)")
  }
}
