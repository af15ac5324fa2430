internal import Logging
internal import Multiprocessing

extension Program {
  static let logging = Program("logging", rows: [48], .output, "the library's own events on standard error") {
    logToStandardError(level: .debug)
    for number in 0..<5 {
      try ChildProcess.start(number) { count in print("count: \(count)") }
    }
  }
}
