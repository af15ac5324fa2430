internal import Multiprocessing

extension Program {
  // Fixed: the original lost its quotes and indentation; only a join inside the loop gives its order.
  static let threeInOrder = Program("three-in-order", rows: [62], .starting, "start and join one child after the other")
  {
    for number in 0..<3 {
      let child = try ChildProcess.start(number) { number in print("This is process: \(number)") }
      try await child.join()
    }
  }
}
