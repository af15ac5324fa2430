import Testing

@testable import MultiprocessingSystem

/// A frame with a name that cannot be mistaken.
@inline(never)
private func whoCalledWhom(label: Int) throws -> (line: Int, frames: [ImageAddress]) {
  let line = #line + 1
  let frames = try CodeAddress.backtrace()
  return (line, frames)
}

@Suite("Symbolizer")
struct SymbolizerTests {
  @Test("a return address is given as function, file and line")
  func namesReturnAddress() throws {
    let (line, frames) = try whoCalledWhom(label: 1)
    let described = Symbolizer.describe(frames)
    print(described.joined(separator: "\n"))
    #expect(described.count == frames.count)
    #expect(described.contains { $0.hasSuffix(".whoCalledWhom(label:) at SymbolizerTests.swift:\(line)") })
    #expect(described.contains { $0.contains("SymbolizerTests.namesReturnAddress() at SymbolizerTests.swift:") })
  }
}
