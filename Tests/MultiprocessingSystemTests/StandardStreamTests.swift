import Foundation
import Testing

@testable import MultiprocessingSystem

@Suite struct StandardStreamTests {
  @Test func `more than a pipe holds arrives whole`() async throws {
    let pipe = Pipe()
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    let writer = Thread {
      StandardStream.write(bytes, to: pipe.fileHandleForWriting.fileDescriptor)
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let read = try #require(try pipe.fileHandleForReading.readToEnd())
    #expect(Array(read) == bytes)
  }

  @Test func `a bad descriptor is no error of the caller`() {
    StandardStream.write([1, 2, 3], to: -1)
    #expect(TerminalTraits.width(of: -1) == nil)
  }

  @Test func `a pipe is no terminal`() {
    let pipe = Pipe()
    let traits = TerminalTraits(of: pipe.fileHandleForWriting.fileDescriptor)
    #expect(!traits.isTerminal)
    #expect(!traits.usesColor)
    #expect(traits.width == 80)
  }

  @Test func `NO_COLOR switches colour off and nothing else`() {
    let plain = TerminalTraits(isTerminal: true, width: 100, environment: { ["NO_COLOR": "1"][$0] })
    #expect(plain.isTerminal && !plain.usesColor && plain.width == 100)
    let empty = TerminalTraits(isTerminal: true, width: 100, environment: { ["NO_COLOR": ""][$0] })
    #expect(empty.usesColor)
  }

  @Test func `a dumb terminal is treated as a file`() {
    let traits = TerminalTraits(isTerminal: true, width: nil, environment: { ["TERM": "dumb"][$0] })
    #expect(!traits.isTerminal && !traits.usesColor)
  }

  @Test(arguments: [
    (["LANG": "en_GB.UTF-8"], true), (["LANG": "C"], false), ([:], false),
    (["LC_ALL": "C", "LANG": "en_GB.UTF-8"], false), (["LC_ALL": "", "LANG": "de_DE.utf8"], true),
  ])
  func `the locale's encoding decides about Unicode`(environment: [String: String], unicode: Bool) {
    let traits = TerminalTraits(isTerminal: true, width: 80, environment: { environment[$0] })
    #expect(traits.usesUnicode == unicode)
  }
}
