internal import Multiprocessing

/// The task as a type: its properties are the arguments, `run` is the body.
struct Worker: ProcessTask {
  let argument: Int

  func run() {
    print("name: \(CurrentProcess.name), argument: \(argument)")
    print("parent pid: \(CurrentProcess.parent?.id ?? 0), pid: \(CurrentProcess.id)")
  }
}

extension Program {
  // Fixed: the original builds the name with args(i,), a NameError. The lines of different workers may mix.
  static let workerType = Program("worker-type", rows: [46], .names, "the same, with a type for the task") {
    for number in 0..<5 {
      try ChildProcess.start(Worker(argument: number), name: "process \(number)")
    }
  }
}
