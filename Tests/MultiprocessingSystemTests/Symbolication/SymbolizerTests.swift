import Foundation
import Testing

@testable import MultiprocessingSystem

/// A frame with a name that cannot be mistaken.
@inline(never)
private func whoCalledWhom(label: Int) throws -> (line: Int, frames: [ImageAddress]) {
  let line = #line + 1
  let frames = try CodeAddress.backtrace()
  return (line, frames)
}

/// A frame whose code has a trap for the sum.
@inline(never)
private func whereSumTraps(_ first: Int, _ second: Int) throws -> (line: Int, sum: Int, frame: ImageAddress, code: UInt)
{
  let frame = try CodeAddress.caller()
  let line = #line + 1
  let sum = first + second
  return (line, sum, frame.place, frame.address)
}

@Suite("Symbolizer")
struct SymbolizerTests {
  @Test("names a return address by function, file and line")
  func namesReturnAddress() throws {
    let (line, frames) = try whoCalledWhom(label: 1)
    let described = Symbolizer.describe(frames)
    #expect(described.count == frames.count)
    let name = "MultiprocessingSystemTests.whoCalledWhom(label:)"
    #if DEBUG
      #expect(described.contains("\(name) at SymbolizerTests.swift:\(line)"))
      #expect(described.contains { $0.contains("SymbolizerTests.namesReturnAddress() at SymbolizerTests.swift:") })
    #else
      #expect(described.contains { $0.contains(name) })
    #endif
  }

  #if arch(x86_64) && DEBUG
    @Test("names the check that a trap instruction belongs to")
    func namesTrap() throws {
      let found = try whereSumTraps(1, 2)
      #expect(found.sum == 3)
      // SAFETY: code of a function of this program that is more than that long, from an address inside it.
      let code = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: found.code), count: 1024)
      let trap = try #require((0..<1023).first { code[$0] == 0x0f && code[$0 + 1] == 0x0b })
      var place = found.frame
      place.offset += UInt64(trap)
      place.isReturnAddress = false
      let described = Symbolizer.describe([place])
      #expect(described[0].hasSuffix("whereSumTraps(_:_:) at SymbolizerTests.swift:\(found.line): arithmetic overflow"))
    }
  #endif

  @Test("takes the empty image for this program, and gives addresses outside functions as they are")
  func mainImage() throws {
    let path = try #require(ThisProcess.executablePath)
    let name = try #require(path.split(separator: "/").last)
    let frame = try #require(try whoCalledWhom(label: 2).frames.first { $0.image == path })
    let own = ImageAddress(image: "", offset: frame.offset, isReturnAddress: true)
    let nowhere = ImageAddress(image: "", offset: 3, isReturnAddress: false)
    let described = Symbolizer.describe([nowhere, own, frame])
    #expect(described[0] == "\(name)+0x3")
    #expect(described[1] == described[2])
    #expect(!described[1].hasPrefix("\(name)+"))
  }

  @Test("names functions of the Swift runtime's library")
  func runtimeLibrary() throws {
    let symbol = try #require(dlsym(nil, "swift_retain"))
    let place = try CodeAddress.image(of: UInt(bitPattern: symbol), isReturnAddress: false)
    let described = Symbolizer.describe([place])[0]
    #expect(described.contains("swift_retain"))
  }

  @Test(
    "gives image and offset for what is no image",
    arguments: ["/nonexistent/lib.so", "/dev/null", "/tmp", "/proc/self/maps"])
  func unusable(path: String) throws {
    let name = try #require(path.split(separator: "/").last)
    #expect(
      Symbolizer.describe([ImageAddress(image: path, offset: 0x1a2b, isReturnAddress: true)]) == ["\(name)+0x1a2b"])
  }

  @Test("does not wait for a FIFO's other end")
  func fifo() throws {
    let path = NSTemporaryDirectory() + "fifo-\(UUID().uuidString)"
    #expect(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    let described = Symbolizer.describe([ImageAddress(image: path, offset: 1, isReturnAddress: false)])
    #expect(described[0].hasSuffix("+0x1"))
  }

  @Test("keeps each frame on its line, whatever the image is called")
  func control() {
    let described = Symbolizer.describe([ImageAddress(image: "/x/a\n\u{1b}[1mb", offset: 1, isReturnAddress: false)])
    #expect(described == ["a??[1mb+0x1"])
  }

  @Test("describes nothing as nothing")
  func empty() {
    #expect(Symbolizer.describe([]).isEmpty)
  }
}
