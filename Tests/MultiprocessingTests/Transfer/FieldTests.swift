import Testing

@testable import Multiprocessing

@Suite struct FieldTests {
  private static var written: [UInt8] {
    var fields = FieldWriter()
    fields.put(UInt8(7))
    fields.put(true)
    fields.put(Int64.min)
    fields.put("naïve 👩‍👩‍👧‍👦")
    fields.put(nil as Int64?)
    fields.put(-5 as Int64?)
    fields.put(nil as String?)
    fields.put("" as String?)
    fields.put(nil as [String]?)
    fields.put(["a", "", "bc"] as [String]?)
    fields.put([Int.max, 0, -1])
    return fields.bytes
  }

  private func read(_ bytes: [UInt8]) throws -> String {
    var fields = FieldReader(bytes)
    let head = "\(try fields.byte()) \(try fields.flag()) \(try fields.number()) \(try fields.text())"
    let numbers = "\(try fields.optionalNumber() as Any) \(try fields.optionalNumber() as Any)"
    let texts = "\(try fields.optionalText() as Any) \(try fields.optionalText() as Any)"
    let lists = "\(try fields.optionalTexts() as Any) \(try fields.optionalTexts() as Any) \(try fields.integers())"
    return [head, numbers, texts, lists, "\(fields.rest)"].joined(separator: " | ")
  }

  @Test func `fields arrive as they were written`() throws {
    #expect(
      try read(Self.written) == """
        7 true -9223372036854775808 naïve 👩‍👩‍👧‍👦 | nil Optional(-5) | nil Optional("") \
        | nil Optional(["a", "", "bc"]) [9223372036854775807, 0, -1] | []
        """)
  }

  @Test func `bytes cut short at any place are malformed`() {
    for count in 0..<Self.written.count {
      #expect(throws: FieldReader.Malformed.self) { try read(Array(Self.written.prefix(count))) }
    }
  }

  @Test func `a changed byte gives fields or an error`() {
    for index in Self.written.indices {
      for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var bytes = Self.written
        bytes[index] = value
        _ = try? read(bytes)
      }
    }
  }

  @Test func `a count beyond the bytes reserves nothing`() {
    let hostile: [UInt8] = [1, 0xFF, 0xFF, 0xFF, 0xFF]
    #expect(throws: FieldReader.Malformed.self) {
      var fields = FieldReader(hostile)
      _ = try fields.optionalTexts()
    }
  }

  @Test func `start parameters cross, with an environment too long for one message`() throws {
    var context = ProcessContext(.spawn, environment: ["LONG": String(repeating: "x", count: 100_000)])
    context.limits = ResourceLimits(memory: 1 << 30, cpuTime: .milliseconds(1500), openFiles: 64)
    let parameters = ChildParameters(
      role: .worker, name: "Worker", path: [1, 2], isDaemon: true, context: context, printsErrors: true)
    let (request, inFile) = CloneRequest.of(parameters)
    #expect(request.parameters == nil)
    let read = try ChildParameters(from: ChildParameters.pageFile(with: inFile))
    #expect(read.bytes == parameters.bytes)
    #expect(read.limits.cpuTime == .seconds(2))
  }

  @Test func `short start parameters go with the request`() throws {
    var parameters = ChildParameters(
      role: .task, name: "Process-1", path: [1], isDaemon: false, context: ProcessContext(), printsErrors: false)
    parameters.parentOwner = 0xFEDC_BA98_7654_3210
    let (request, inFile) = CloneRequest.of(parameters)
    #expect(inFile.isEmpty)
    #expect(try ChildParameters(bytes: parameters.bytes).parentOwner == 0xFEDC_BA98_7654_3210)
    #expect(try #require(request.parameters) == parameters.bytes)
    #expect(throws: (any Error).self) { try ChildParameters(bytes: Array(parameters.bytes.dropLast())) }
    #expect(throws: MultiprocessingError.self) { try ChildParameters(bytes: [99] + parameters.bytes.dropFirst()) }
  }
}
