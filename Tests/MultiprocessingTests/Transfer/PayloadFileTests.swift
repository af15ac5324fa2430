import Testing

@testable import Multiprocessing
@testable import MultiprocessingSystem

@Suite struct PayloadFileTests {
  private struct Point: Codable, Equatable, Sendable {
    var x: Float
    var y: Float
  }

  @Test func `large arrays of trivially copyable elements go to a file`() throws {
    let points = (0..<100_000).map { Point(x: Float($0), y: -1) }
    let numbers = Array(0..<100_000)
    let payload = try encodeArguments("first", points, [1], numbers, "last", format: .sameBuild)
    #expect(!payload.bytes.isEmpty && payload.bytes.count < 100)
    #expect((payload.file?.byteCount ?? 0) > 1_600_000)
    let read = try decodeArguments(
      (String.self, [Point].self, [Int].self, [Int].self, String.self), from: payload, format: .sameBuild)
    #expect(read.0 == "first" && read.1 == points && read.2 == [1] && read.3 == numbers && read.4 == "last")
  }

  @Test(arguments: [(count: 1_000, format: TransferFormat.sameBuild), (count: 100_000, format: .portable)])
  func `small ones, and those for other builds, do not`(count: Int, format: TransferFormat) throws {
    let numbers = Array(0..<count)
    let payload = try TransferCoder<[Int]>().encode(numbers, format, spills: true)
    #expect(payload.file == nil)
    #expect(try TransferCoder<[Int]>().decode(payload, format) == numbers)
  }

  @Test func `only where the message can carry a descriptor`() throws {
    #expect(try TransferCoder<[Int]>().encode(Array(0..<100_000), .sameBuild).file == nil)
  }

  @Test func `a file that was damaged on its way is an error`() throws {
    var writer = try PayloadFileWriter()
    try ([3, 255, 255, 255, 255, 255, 255, 255, 127] as [UInt8]).withUnsafeBytes { try writer.write($0) }
    let payload = TransferPayload(file: writer.finish())
    let error = #expect(throws: MultiprocessingError.self) { try TransferCoder<[Int]>().decode(payload, .sameBuild) }
    #expect(error?.code == .notTransferable)
  }
}
