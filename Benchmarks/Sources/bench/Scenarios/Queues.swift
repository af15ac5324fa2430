internal import Multiprocessing

/// Puts messages when it is told to: in batches, or one by one.
struct QueueProducer<Element: Codable & Sendable>: ProcessTask {
  var queue: Queue<Element>
  var start: Event
  var message: Element
  var count: Int
  /// 1: one by one.
  var batch: Int

  func run() throws {
    try wait()
    if batch == 1 {
      for _ in 0..<count { try queue.blocking.put(message) }
    } else {
      let messages = [Element](repeating: message, count: batch)
      for _ in 0..<count / batch { try queue.blocking.put(contentsOf: messages) }
    }
  }

  private func wait() throws { try start.blocking.wait() }
}

/// Takes so many messages: in batches, or one by one.
struct QueueConsumer<Element: Codable & Sendable>: ProcessTask {
  var queue: Queue<Element>
  var count: Int
  /// 1: one by one.
  var batch: Int

  func run() throws { try take() }

  private func take() throws {
    var rest = count
    while rest > 0 {
      if batch == 1 {
        _ = try queue.blocking.get()
        rest -= 1
      } else {
        rest -= try queue.blocking.get(upTo: min(rest, 1000)).count
      }
    }
  }
}

/// Messages through one queue, in a second.
extension Scenario {
  static let queues = [1, 4].flatMap { producers in
    [
      queue("\(producers)to1_int", producers, 7, singles: 400_000, batches: 8_000_000),
      queue("\(producers)to1_100B", producers, bytes(100), singles: 400_000, batches: 2_000_000),
      queue("\(producers)to1_struct", producers, Widget(id: 42), singles: 100_000, batches: 200_000),
      queue("\(producers)to1_64KiB", producers, bytes(1 << 16), singles: 40_000, batches: 40_000),
      queue("\(producers)to1_1MiB", producers, bytes(1 << 20), singles: 3000, batches: 0),
    ]
  }

  /// Four processes take, too.
  static let queuesToFour = [
    queueToFour("4to4_int", 7, singles: 200_000, batches: 2_000_000),
    queueToFour("4to4_100B", bytes(100), singles: 200_000, batches: 1_000_000),
    queueToFour("4to4_64KiB", bytes(1 << 16), singles: 20_000, batches: 20_000),
  ]

  private static func queueToFour<Element: Codable & Sendable>(
    _ name: String, _ message: Element, singles: Int, batches: Int
  ) -> Scenario {
    Scenario("queue_\(name)", unit: "msgs/s") { report in
      let size = name.hasSuffix("KiB") ? 64 : 100_000
      try await report.figure("ours") { try await rateToFour(message, singles, batch: 1, capacity: size) }
      try await report.figure("ours_many") { try await rateToFour(message, batches, batch: 100, capacity: size) }
    }
  }

  /// From the word to begin until the last of the consumers has ended.
  private static func rateToFour<Element: Codable & Sendable>(
    _ message: Element, _ count: Int, batch: Int, capacity: Int
  ) async throws -> Double {
    let (queue, start) = (try Queue<Element>(capacity: capacity), try Event())
    let share = count / 4 / batch * batch
    let producers = try (0..<4).map { _ in
      try ChildProcess.start(
        QueueProducer(queue: queue, start: start, message: message, count: share, batch: batch))
    }
    let consumers = try (0..<4).map { _ in
      try ChildProcess.start(QueueConsumer(queue: queue, count: share, batch: batch))
    }
    try await Task.sleep(for: .milliseconds(100))
    let began = ContinuousClock.now
    start.set()
    for consumer in consumers { try await consumer.value }
    let time = began.duration(to: .now) / .microseconds(1)
    for producer in producers { try await producer.value }
    return Double(share * 4) / time * 1_000_000
  }

  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 120, count: count) }

  private static func queue<Element: Codable & Sendable>(
    _ name: String, _ producers: Int, _ message: Element, singles: Int, batches: Int
  ) -> Scenario {
    Scenario("queue_\(name)", unit: "msgs/s") { report in
      let size = name.hasSuffix("MiB") ? 8 : name.hasSuffix("KiB") ? 64 : 100_000
      try await report.figure("ours") { try await rate(producers, message, singles, batch: 1, capacity: size) }
      try await report.figure("ours_unbounded") { try await rate(producers, message, singles, batch: 1, capacity: nil) }
      if batches == 0 { return }
      try await report.figure("ours_many") { try await rate(producers, message, batches, batch: 100, capacity: size) }
    }
  }

  private static func rate<Element: Codable & Sendable>(
    _ producers: Int, _ message: Element, _ count: Int, batch: Int, capacity: Int?
  ) async throws -> Double {
    let (queue, start) = (try Queue<Element>(capacity: capacity), try Event())
    let share = count / producers / batch * batch
    let children = try (0..<producers).map { _ in
      try ChildProcess.start(
        QueueProducer(queue: queue, start: start, message: message, count: share, batch: batch))
    }
    try await Task.sleep(for: .milliseconds(50))
    let time = try Timing.microseconds {
      start.set()
      try take(share * producers, from: queue, batch: batch)
    }
    for child in children { try await child.value }
    return Double(share * producers) / time * 1_000_000
  }

  private static func take<Element>(_ count: Int, from queue: Queue<Element>, batch: Int) throws {
    var done = 0
    while done < count {
      if batch == 1 {
        _ = try queue.blocking.get()
        done += 1
      } else {
        done += try queue.blocking.get(upTo: 1000).count
      }
    }
  }
}

/// A small number there and back through two queues.
extension Scenario {
  static let queueRoundTrip = Scenario("pingpong_roundtrip", unit: "us") { report in
    try await report.figure("ours_queue") {
      let (there, back) = (try Queue<Int>(), try Queue<Int>())
      let child = try ChildProcess.start(there, back) { there, back in
        while true {
          let number = try get(there)
          if number < 0 { return }
          try put(back, number)
        }
      }
      let trips = 20_000
      let trip = { (number: Int) in
        try put(there, number)
        _ = try get(back)
      }
      for number in 0..<100 { try trip(number) }
      let time = try Timing.microseconds { for number in 0..<trips { try trip(number) } }
      try put(there, -1)
      try await child.join()
      return time / Double(trips)
    }
  }

  /// One process puts and takes: what a message costs where nobody waits.
  static let queueAlone = Scenario("queue_put_get_alone", unit: "ns") { report in
    try alone(report, "int", 7)
    try alone(report, "100B", [UInt8](repeating: 120, count: 100))
    try alone(report, "struct", Widget(id: 42))
    try alone(report, "64KiB", [UInt8](repeating: 120, count: 1 << 16))
  }

  private static func alone<Element: Codable & Sendable>(_ report: Report, _ kind: String, _ message: Element) throws {
    let queue = try Queue<Element>()
    let count = kind == "64KiB" ? 2000 : 100_000
    try report.figure("ours_\(kind)") {
      let samples = try (0..<5).map { _ in
        try Timing.microseconds {
          for _ in 0..<count {
            try queue.blocking.put(message)
            _ = try queue.blocking.get()
          }
        }
      }
      return Timing.median(samples) * 1000 / Double(count)
    }
    let messages = [Element](repeating: message, count: 100)
    try report.figure("ours_\(kind)_many") {
      let samples = try (0..<5).map { _ in
        try Timing.microseconds {
          for _ in 0..<count / 100 {
            try queue.blocking.put(contentsOf: messages)
            _ = try queue.blocking.get(upTo: 100)
          }
        }
      }
      return Timing.median(samples) * 1000 / Double(count)
    }
  }

  private static func put(_ queue: Queue<Int>, _ number: Int) throws { try queue.blocking.put(number) }
  private static func get(_ queue: Queue<Int>) throws -> Int { try queue.blocking.get() }
}
