internal import Synchronization

extension TransferCoder {
  /// Has the runtime make and look up what encoding a value takes, as far as that can be known without a value. It does so
  /// under locks of its own, which may be held for ever in a copy of this process that would do it by itself.
  func rehearse() {
    Rehearsal.samples
    Rehearsal.keep(self)
    Rehearsal.keep(CopiedArray.type(Value.self) != nil)
  }
}

private enum Rehearsal {
  private struct Sample: Codable, Sendable {
    var number = 1
    var text: String? = "text"
    var list = ["item"]
    var entries = ["key": 1]
  }

  /// One value of each form.
  static let samples: Void = {
    _ = try? TransferCoder<Sample>().encode(Sample(), .sameBuild, spills: true)
    _ = try? TransferCoder<[Int]>().encode([1], .sameBuild, spills: true)
    _ = try? TransferCoder<Int>().encode(1, .sameBuild, spills: true)
    _ = try? TransferCoder<String>().encode("text", .sameBuild, spills: true)
    let large = [UInt8](repeating: 0, count: PayloadFileWriter.limit)
    _ = try? TransferCoder<[UInt8]>().encode(large, .sameBuild, spills: true)
  }()

  private static let sum = Atomic(0)

  /// Uses a value, so that its type is really made. Without a lock, which a copy would inherit as it is.
  static func keep(_ value: any Sendable) {
    // SAFETY: a number that nobody reads: relaxed.
    sum.wrappingAdd(ObjectIdentifier(type(of: value)).hashValue, ordering: .relaxed)
  }
}
