import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct InsightsTests {
  @Test func `every time is in the histogram, to an eighth`() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<2000 {
      var histogram = RunTimeHistogram()
      let time = random.next() >> UInt64.random(in: 0...63, using: &random)
      histogram.record(time)
      histogram.record(.max)
      let limit = histogram.percentile(50)
      #expect(limit >= time && limit - time <= time / 8)
      #expect(histogram.max == .max && histogram.percentile(100) == .max)
    }
  }

  @Test func `percentiles are those of the sorted times`() {
    var histogram = RunTimeHistogram()
    for time in 1...1000 as ClosedRange<UInt64> { histogram.record(time * 1000) }
    for (percent, exact) in [(50, 500_000), (90, 900_000), (99, 990_000)] as [(Int, UInt64)] {
      #expect(histogram.percentile(percent) >= exact && histogram.percentile(percent) <= exact + exact / 8)
    }
    #expect(RunTimeHistogram().percentile(50) == 0)
  }

  @Test func `the parts of a worker's life add up to it`() throws {
    var recorder = InsightsRecorder()
    recorder.start(1, at: 100)
    recorder.join(1, at: 150, processID: 7)
    recorder.record(nil, by: 1, after: 30)
    recorder.dismiss(1, at: 400)
    recorder.end(1, at: 500)
    let (insights, _) = recorder.insights(at: 10_000)
    let life = try #require(insights.workers.first)
    #expect([life.startUp, life.waiting, life.working, life.exit] == [50, 220, 30, 100].map { .nanoseconds($0) })
    #expect(life.lifetime == .nanoseconds(400) && life.tasks == 1 && life.processID == 7)
    #expect(life.startUpRatio + life.waitingRatio + life.workingRatio + life.exitRatio == 1)
  }

  @Test func `only the last hundred workers are kept one by one, and all in the total`() {
    var recorder = InsightsRecorder()
    for worker in 1...150 {
      recorder.start(worker, at: 0)
      recorder.join(worker, at: 1, processID: nil)
      recorder.record(nil, by: worker, after: 5)
      recorder.end(worker, at: 10)
    }
    let (insights, _) = recorder.insights(at: 10)
    #expect(insights.workers.map(\.id) == Array(51...150))
    #expect(insights.total.tasks == 150 && insights.total.working == .nanoseconds(750))
  }

  @Test func `a pool tells what its workers did and which tasks were slow`() async throws {
    try await withWorkers(2) { pool in
      _ = try await pool.map(0..<40) { $0 }
      _ = try await pool.run(Nap(milliseconds: 30, answer: 41))
      _ = try await pool.map([20, 90]) { try await Task.sleep(for: .milliseconds($0)) }
      #expect(await eventually { pool.insights.workers.allSatisfy { $0.processID != nil } })
      let insights = pool.insights
      #expect(insights.total.tasks == 43 && insights.runTimes.count == 43)
      #expect(insights.runTimes.max >= .milliseconds(90) && insights.runTimes.p50 < .milliseconds(90))
      #expect(insights.slowestTasks.count == 5)
      // Which is slower than which is chance on a busy machine.
      #expect(insights.slowestTasks.contains { $0.description.hasSuffix("(90)") && $0.runTime >= .milliseconds(90) })
      #expect(insights.slowestTasks.contains { $0.description.contains("Nap(milliseconds: 30, answer: 41") })
      let times = insights.slowestTasks.map(\.runTime)
      #expect(times == times.sorted(by: >) && times.first == insights.runTimes.max)
      #expect(Set(insights.workers.compactMap(\.processID)) == Set(pool.workers.map(\.processID)))
      #expect(insights.workers.allSatisfy { $0.startUp > .zero })
      let copy = try JSONDecoder().decode(PoolInsights.self, from: JSONEncoder().encode(insights))
      #expect(copy.description == insights.description)
    }
  }

  @Test func `insights of threads, and of a pool that did nothing, are told too`() async throws {
    let pool = try ThreadPool(threads: 2)
    #expect(pool.insights.description.contains("no task has ended"))
    _ = try await pool.map(0..<10) { $0 }
    #expect(pool.insights.total.tasks == 10 && pool.insights.runTimes.count == 10)
    await pool.terminate()
  }

  @Test func `large arguments are not kept for their description`() async throws {
    try await withWorkers(1) { pool in
      _ = try await pool.run([Int](repeating: 7, count: 10_000)) { $0.count }
      let slow = try #require(pool.insights.slowestTasks.first)
      #expect(!slow.description.contains("7, 7"))
    }
  }

  @Test func `the table has a row for each worker and one for all`() {
    var recorder = InsightsRecorder()
    recorder.start(1, at: 0)
    recorder.join(1, at: 1_500_000, processID: 123)
    recorder.record(nil, by: 1, after: 2_000_000_000)
    let (insights, _) = recorder.insights(at: 4_001_500_000)
    #expect(
      insights.description == """
        worker  pid  tasks  start-up  waiting  working  exit  working %
             1  123      1    1.5 ms      2 s      2 s  0 ns         50
           all    -      1    1.5 ms      2 s      2 s  0 ns         50
        run times: p50 2 s, p90 2 s, p99 2 s, max 2 s
        """)
  }
}
