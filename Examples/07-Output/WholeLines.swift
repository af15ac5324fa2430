internal import Multiprocessing

extension Program {
  static let wholeLines = Program("whole-lines", rows: [49], .output, "lines of several processes mix, but stay whole")
  {
    for letter in ["a", "b", "c", "d"] {
      try ChildProcess.start(letter) { letter in
        for _ in 0..<50 { print(String(repeating: letter, count: 100)) }
      }
    }
  }
}
