internal import Multiprocessing

struct MyProcess: ProcessTask {
  func run() {
    print("called run method in process: \(CurrentProcess.name)")
  }
}

extension Program {
  static let namesFromTypes = Program("names-from-types", rows: [68], .names, "a child is named after its task type") {
    for _ in 0..<5 {
      let child = try ChildProcess.start(MyProcess())
      try await child.join()
    }
  }
}
