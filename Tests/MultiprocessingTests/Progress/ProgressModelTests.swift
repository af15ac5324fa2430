import Testing

@testable import Multiprocessing

@Suite struct ProgressModelTests {
  let start = ContinuousClock.now

  @Test func `failures count as finished`() {
    var model = ProgressModel(total: 10, start: start)
    model.complete(3, at: start + .seconds(1))
    model.fail(2, at: start + .seconds(1))
    #expect(model.finished == 5)
    #expect(model.fraction == 0.5)
    #expect(model.failed == 2)
  }

  @Test func `nothing to do is done from the start`() {
    #expect(ProgressModel(total: 0, start: start).fraction == 1)
  }

  @Test func `without a total there is a rate but no time left`() {
    var model = ProgressModel(total: nil, start: start)
    model.complete(20, at: start + .seconds(2))
    #expect(model.fraction == nil)
    #expect(model.timeLeft(at: start + .seconds(2)) == nil)
    #expect(model.rate(at: start + .seconds(2)) == 10)
  }

  @Test func `nothing is claimed before the first item`() {
    let model = ProgressModel(total: 10, start: start)
    #expect(model.rate(at: start + .seconds(60)) == nil)
    #expect(model.timeLeft(at: start + .seconds(60)) == nil)
  }

  @Test func `the first items are measured without a pull towards zero`() {
    var model = ProgressModel(total: 100, start: start)
    model.complete(10, at: start + .seconds(1))
    #expect(model.timeLeft(at: start + .seconds(1)) == .seconds(9))
  }

  @Test func `a burst of results is one sample`() throws {
    var model = ProgressModel(total: 200, start: start)
    for second in 1...10 {
      for item in 0..<10 {
        model.complete(1, at: start + .seconds(second) + .microseconds(item))
      }
    }
    let rate = try #require(model.rate(at: start + .seconds(10) + .microseconds(9)))
    #expect(abs(rate - 10) < 2)
  }

  @Test func `a new rate replaces the old one within a minute`() throws {
    var model = ProgressModel(total: nil, start: start)
    for second in 1...60 { model.complete(100, at: start + .seconds(second)) }
    for second in 61...120 { model.complete(10, at: start + .seconds(second)) }
    let rate = try #require(model.rate(at: start + .seconds(120)))
    #expect((10.0..<15).contains(rate))
  }

  @Test func `the rate falls while nothing arrives`() throws {
    var model = ProgressModel(total: 100, start: start)
    for second in 1...10 { model.complete(1, at: start + .seconds(second)) }
    let working = try #require(model.rate(at: start + .seconds(11)))
    let stalled = try #require(model.rate(at: start + .seconds(70)))
    #expect(working == 1)
    #expect(stalled < 0.3)
  }

  @Test func `a time left beyond a hundred days is not given`() {
    var model = ProgressModel(total: .max, start: start)
    model.complete(1, at: start + .seconds(1))
    #expect(model.timeLeft(at: start + .seconds(1)) == nil)
  }

  @Test func `restarts are counted and finish nothing`() {
    var model = ProgressModel(total: 1, start: start)
    model.restart()
    #expect(model.restarts == 1)
    #expect(model.finished == 0)
  }
}
