import Testing

@testable import Multiprocessing

@Suite struct `A transfer coder` {
  struct Point: Codable, Equatable, Sendable {
    var x: Double
    var y: Float
    var isSet: Bool
  }

  struct Named: Codable, Equatable, Sendable {
    var name: String
    var points: [Point]
  }

  struct Task: Sendable {
    static var coder: TransferCoder<Void> { TransferCoder() }
  }

  private func expectRoundTrip<T: Codable & Equatable & Sendable>(_ value: T) throws {
    let coder = TransferCoder<T>()
    for format in [TransferFormat.sameBuild, .portable] {
      #expect(try coder.decode(coder.encode(value, format), format) == value)
    }
  }

  @Test func `carries values in both formats`() throws {
    try expectRoundTrip(Point(x: 1, y: 2, isSet: true))
    try expectRoundTrip([Point](repeating: Point(x: 1, y: 2, isSet: true), count: 100))
    try expectRoundTrip(Named(name: "n", points: [Point(x: 1, y: 2, isSet: false)]))
    try expectRoundTrip(5)
    try expectRoundTrip("text")
    try expectRoundTrip([1, 2, 3])
    try expectRoundTrip([Int]())
    try expectRoundTrip(Int??.some(nil))
    try expectRoundTrip([Named(name: "", points: [])])
  }

  @Test func `carries nothing as no bytes`() throws {
    let coder = Task.coder
    let payload = try coder.encode((), .sameBuild)
    #expect(payload.bytes.isEmpty)
    try coder.decode(payload, .sameBuild)
  }

  @Test(arguments: [TransferFormat.sameBuild, .portable])
  func `carries the arguments of a closure in a row`(format: TransferFormat) throws {
    let payload = try encodeArguments(1, "two", [3.0], Point(x: 4, y: 5, isSet: true), format: format)
    let (a, b, c, d) = try decodeArguments(
      (Int.self, String.self, [Double].self, Point.self), from: payload, format: format)
    #expect(a == 1 && b == "two" && c == [3] && d == Point(x: 4, y: 5, isSet: true))
  }

  @Test func `carries no arguments as no bytes`() throws {
    let payload = try encodeArguments(format: .sameBuild)
    #expect(payload.bytes.isEmpty)
    let _: () = try decodeArguments((), from: payload, format: .sameBuild)
  }
}
