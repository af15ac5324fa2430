internal import Multiprocessing

extension Program {
  // Fixed: the original calls curren_process(), which does not exist.
  static let fiveNames = Program("five-names", rows: [45], .names, "five named children print who they are") {
    for number in 0..<5 {
      try ChildProcess.start(number, name: "process \(number)") { count in
        print(
          """
          name: \(CurrentProcess.name), argument : \(count)
          parent pid:\(CurrentProcess.parent?.id ?? 0)  pid:\(CurrentProcess.id)

          """)
      }
    }
  }
}
