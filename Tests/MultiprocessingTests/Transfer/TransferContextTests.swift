import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite struct `Descriptors in a message` {
  /// A handle as the library's own are: it writes where its descriptor is.
  final class Handle: Codable, Sendable {
    let descriptor: Descriptor
    init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    init(from decoder: any Decoder) throws {
      let index = try decoder.singleValueContainer().decode(Int.self)
      descriptor = try TransferContext.current(decoder.userInfo).descriptor(at: index)
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(try TransferContext.current(encoder.userInfo).attach(descriptor))
    }
  }

  private func descriptor() throws -> Descriptor {
    let file = try #require(FileHandle(forReadingAtPath: "/dev/null"))
    defer { try? file.close() }
    return try Descriptor.duplicating(file.fileDescriptor)
  }

  @Test(arguments: [TransferFormat.sameBuild, .portable])
  func `a handle finds its own descriptor again`(format: TransferFormat) throws {
    let handles = [Handle(try descriptor()), Handle(try descriptor())]
    let coder = TransferCoder<[String: [Handle]]>()
    let payload = try coder.encode(["x": handles], format)
    #expect(payload.descriptors.map(\.number) == handles.map(\.descriptor.number))
    let decoded = try coder.decode(payload, format)
    #expect(decoded["x"]?.map(\.descriptor.number) == handles.map(\.descriptor.number))
  }

  @Test func `the arguments of one closure share one list`() throws {
    let (first, second) = (Handle(try descriptor()), Handle(try descriptor()))
    let payload = try encodeArguments(first, 5, second, format: .sameBuild)
    #expect(payload.descriptors.count == 2)
    let (a, number, b) = try decodeArguments((Handle.self, Int.self, Handle.self), from: payload, format: .sameBuild)
    #expect(a.descriptor === first.descriptor && number == 5 && b.descriptor === second.descriptor)
  }

  @Test func `a message without handles carries none`() throws {
    #expect(try TransferCoder<String>().encode("x", .sameBuild).descriptors.isEmpty)
  }

  @Test func `another encoder cannot take a handle`() throws {
    let handle = Handle(try descriptor())
    let error = #expect(throws: MultiprocessingError.self) { try JSONEncoder().encode([handle]) }
    #expect(error?.code == .notTransferable)
    #expect(error?.message.contains("pass it as an argument") == true)
  }

  @Test func `an index that the message does not have is an error`() throws {
    let coder = TransferCoder<Handle>()
    let payload = TransferPayload(bytes: try coder.encode(Handle(try descriptor()), .portable).bytes)
    let error = #expect(throws: MultiprocessingError.self) { try coder.decode(payload, .portable) }
    #expect(error?.code == .notTransferable)
    #expect(throws: MultiprocessingError.self) { try TransferContext().descriptor(at: -1) }
  }

  @Test func `handles that share a descriptor add it once`() throws {
    let (context, first, second) = (TransferContext(), try descriptor(), try descriptor())
    #expect(try [first, second, first, second].map { try context.attachOnce($0) } == [0, 1, 0, 1])
    #expect(context.descriptors.count == 2)
  }

  @Test func `more descriptors than a message may have are refused`() throws {
    let context = TransferContext()
    // Objects without a descriptor of their own: there are fewer of those than a message may have.
    let all = (0...TransferContext.maximumCount).map { _ in Descriptor(sharing: -1) }
    for (index, descriptor) in all.dropLast().enumerated() { #expect(try context.attach(descriptor) == index) }
    #expect(throws: MultiprocessingError.self) { try context.attach(all[TransferContext.maximumCount]) }
    #expect(context.descriptors.count == TransferContext.maximumCount)
    #expect(try context.attachOnce(all[7]) == 7, "one that is there already takes no room")
  }
}
