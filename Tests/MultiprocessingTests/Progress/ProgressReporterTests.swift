import Dispatch
import Testing

@testable import Multiprocessing

@Suite struct ProgressReporterTests {
  let time = TestTime()

  private func reporter(_ total: Int?, on screen: TestScreen) -> ProgressReporter {
    ProgressReporter(style: .bar("Work"), total: total, output: screen.output, now: { [time] in time.now })
  }

  @Test func `a terminal is drawn on from the start`() {
    let screen = TestScreen()
    let reporter = reporter(10, on: screen)
    #expect(screen.writes.count == 1)
    #expect(screen.writes[0].hasPrefix("\rWork   0%"))
    reporter.finish()
  }

  @Test func `a terminal is redrawn at most ten times a second`() {
    let screen = TestScreen()
    let reporter = reporter(2000, on: screen)
    for _ in 0..<1000 {
      time.advance(.milliseconds(1))
      reporter.completed()
    }
    #expect(screen.writes.count == 1 + 10)
    reporter.finish()
  }

  @Test func `the last line always appears, once, and ends the line`() {
    let screen = TestScreen()
    let reporter = reporter(3, on: screen)
    reporter.completed(2)
    reporter.failed()
    reporter.finish()
    reporter.finish()
    reporter.completed()
    #expect(screen.writes.count == 2)
    #expect(screen.writes[1].contains("100%"))
    #expect(screen.writes[1].contains("1 failed"))
    #expect(screen.writes[1].hasSuffix("\u{1B}[K\n"))
  }

  @Test func `giving the work up leaves the terminal on a fresh line`() {
    let screen = TestScreen()
    do { reporter(3, on: screen).completed() }
    #expect(screen.writes.last?.hasSuffix("\n") == true)
  }

  @Test func `a file gets a plain line for each tenth of the work`() {
    let screen = TestScreen(isTerminal: false)
    let reporter = reporter(100, on: screen)
    for _ in 0..<100 {
      time.advance(.seconds(1))
      reporter.completed()
    }
    reporter.finish()
    #expect(screen.writes.count == 11)
    #expect(screen.writes.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\u{1B}") && !$0.contains("\r") })
    #expect(screen.writes[0].hasPrefix("Work: 10%, 10/100"))
  }

  @Test func `a file gets at most one line a second`() {
    let screen = TestScreen(isTerminal: false)
    let reporter = reporter(1000, on: screen)
    for _ in 0..<1000 {
      time.advance(.milliseconds(2))
      reporter.completed()
    }
    #expect(screen.writes.count == 2)
    reporter.finish()
    #expect(screen.writes.count == 3)
  }

  @Test func `a file gets a line every ten seconds where the total is not known`() {
    let screen = TestScreen(isTerminal: false)
    let reporter = reporter(nil, on: screen)
    for _ in 0..<30 {
      time.advance(.seconds(1))
      reporter.completed()
    }
    #expect(
      screen.writes == [
        "Work: 10 done, 1/s, 0:10 elapsed\n", "Work: 20 done, 1/s, 0:20 elapsed\n",
        "Work: 30 done, 1/s, 0:30 elapsed\n",
      ])
    reporter.finish()
  }

  @Test func `restarts are shown`() {
    let screen = TestScreen()
    let reporter = reporter(3, on: screen)
    time.advance(.seconds(1))
    reporter.restarted()
    #expect(screen.writes.last?.contains("1 restart") == true)
    reporter.finish()
  }

  @Test func `counts told by many threads at once are all shown`() {
    let screen = TestScreen()
    let reporter = reporter(8000, on: screen)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<1000 {
        time.advance(.microseconds(200))
        reporter.completed()
      }
    }
    reporter.finish()
    #expect(screen.writes.last?.contains("8000/8000") == true)
    #expect(screen.writes.filter { $0.hasSuffix("\n") }.count == 1)
  }
}
