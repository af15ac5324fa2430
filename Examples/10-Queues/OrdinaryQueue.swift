internal import Multiprocessing

extension Program {
  // Python's queue.Queue, given to a process, is copied without a word, and who waits for an item waits for ever. Here a
  // class is refused by the compiler unless it can cross, and a value is a copy that nobody takes for shared.
  static let ordinaryQueue = Program("ordinary-queue", rows: [43], .queues, "an array is copied, a Queue is shared") {
    let array: [Int] = []
    let queue = try Queue<Int>()
    let child = try ChildProcess.start(array, queue) { array, queue in
      var array = array
      array.append(1)
      try await queue.put(1)
    }
    try await child.value
    print("in the array: \(array.count), in the queue: \(queue.count)")
  }
}
