internal import Multiprocessing

extension Program {
  // "Many processes have many GILs" says nothing about Swift: one process already uses every core. What a process
  // of its own gives here is that a trap ends it alone.
  static let crashStaysInChild = Program(
    "crash-stays-in-child", rows: [71], .isolation, "a bad index ends one child, nothing else"
  ) {
    let numbers = [10, 20, 30]
    let bad = try ChildProcess.start(numbers, 7) { numbers, index in numbers[index] }
    let good = try ChildProcess.start(numbers, 1) { numbers, index in numbers[index] }
    do {
      print("the first child found \(try await bad.value)")
    } catch let error as MultiprocessingError where error.code == .childCrashed {
      print("the first child crashed")
    }
    print("the second child found \(try await good.value)")
    print("the parent goes on")
  }
}
