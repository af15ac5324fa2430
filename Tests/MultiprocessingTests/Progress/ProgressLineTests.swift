import Testing

@testable import Multiprocessing

@Suite struct ProgressLineTests {
  let start = ContinuousClock.now

  private func line(total: Int?, completed: Int, failed: Int = 0, restarts: Int = 0, isFinal: Bool = false)
    -> ProgressLine
  {
    var model = ProgressModel(total: total, start: start)
    let now = start + .seconds(5)
    model.complete(completed, at: now)
    model.fail(failed, at: now)
    for _ in 0..<restarts { model.restart() }
    return ProgressLine(title: "Primes", model: model, now: now, isFinal: isFinal)
  }

  @Test func `shows percentage, bar, count, rate, time left, failures and restarts`() {
    let text = line(total: 1000, completed: 418, failed: 2, restarts: 1).fitted(to: 80, unicode: true, color: false)
    #expect(text.hasPrefix("Primes  42% ██████"))
    #expect(text.hasSuffix("░ 420/1000, 84/s, 0:07 left, 2 failed, 1 restart"))
  }

  @Test func `draws the bar in ASCII where the locale has no Unicode`() {
    let text = line(total: 10, completed: 5).fitted(to: 60, unicode: false, color: false)
    #expect(text.hasPrefix("Primes  50% [#####"))
    #expect(text.allSatisfy { $0.isASCII })
  }

  @Test func `is never wider than asked`() {
    let line = line(total: 1000, completed: 418, failed: 2, restarts: 1)
    for width in 0...200 {
      #expect(line.fitted(to: width, unicode: true, color: false).displayWidth <= width)
      #expect(line.fitted(to: width, unicode: false, color: false).displayWidth <= width)
    }
  }

  @Test func `keeps the failures longest when there is little room`() {
    let line = line(total: 1000, completed: 418, failed: 2, restarts: 1)
    #expect(line.fitted(to: 45, unicode: true, color: false) == "Primes  42% 420/1000, 2 failed, 1 restart")
    #expect(line.fitted(to: 20, unicode: true, color: false) == "Primes  42% 2 failed")
    #expect(line.fitted(to: 12, unicode: true, color: false) == "Primes  42%")
  }

  @Test func `a wide title is measured in columns`() {
    var wide = line(total: 10, completed: 5)
    wide.title = "素数"
    #expect("素数".displayWidth == 4)
    #expect(wide.fitted(to: 30, unicode: true, color: false).displayWidth <= 30)
    #expect("素数".truncated(to: 3) == "素")
  }

  @Test func `colours failures only where colour is wanted`() {
    let line = line(total: 10, completed: 5, failed: 1)
    #expect(line.fitted(to: 80, unicode: true, color: true).contains("\u{1B}[31m1 failed\u{1B}[0m"))
    #expect(!line.fitted(to: 80, unicode: true, color: false).contains("\u{1B}"))
  }

  @Test func `without a total there is a count in place of the bar`() {
    let text = line(total: nil, completed: 420).fitted(to: 80, unicode: true, color: false)
    #expect(text == "Primes 420 done, 84/s, 0:05 elapsed")
  }

  @Test func `the last line gives the whole time`() {
    let text = line(total: 420, completed: 420, isFinal: true).plain()
    #expect(text == "Primes: 100%, 420/420, 84/s, 0:05 elapsed")
  }

  @Test func `is 100 % only when everything is done`() {
    #expect(line(total: 1000, completed: 999).plain().hasPrefix("Primes: 99%"))
  }

  @Test func `control characters of a title do not reach the terminal`() {
    let line = ProgressLine(title: "a\n\u{1B}b", model: ProgressModel(total: 1, start: start), now: start)
    #expect(line.title == "a  b")
  }

  @Test(arguments: [(83.4, "83/s"), (8.34, "8.3/s"), (2.0, "2/s"), (0.2, "12/min"), (0.001, "3.6/h")])
  func `a rate is in the unit that reads best`(rate: Double, text: String) {
    #expect(rate.perTime == text)
  }

  @Test(arguments: [(7, "0:07"), (65, "1:05"), (3600, "1:00:00"), (7389, "2:03:09")])
  func `a time reads as on a clock`(seconds: Int, text: String) {
    #expect(Duration.seconds(seconds).clockText == text)
  }
}
