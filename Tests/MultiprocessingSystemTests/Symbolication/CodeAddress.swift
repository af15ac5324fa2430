import Foundation
import MultiprocessingSystem

/// Places in the code of the running test process, as a crash handler would record them.
enum CodeAddress {
  /// The image-relative form of an address of this process, from `/proc/self/maps`.
  static func image(of address: UInt, isReturnAddress: Bool) throws -> ImageAddress {
    var bias: [String: UInt] = [:]
    for line in SystemFiles().lines("/proc/self/maps") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6 else { continue }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      let path = fields[5].trimmingCharacters(in: .whitespaces)
      if UInt(fields[2], radix: 16) == 0, bias[path] == nil { bias[path] = bounds[0] }
      guard bounds[0] <= address, address < bounds[1], let base = bias[path] else { continue }
      return ImageAddress(image: path, offset: UInt64(address - base), isReturnAddress: isReturnAddress)
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// The callers of this function, innermost first.
  @inline(never)
  static func backtrace() throws -> [ImageAddress] {
    try returnAddresses().dropFirst().compactMap { try? image(of: $0, isReturnAddress: true) }
  }

  /// The place this function was called from.
  @inline(never)
  static func caller() throws -> (address: UInt, place: ImageAddress) {
    let address = try returnAddresses()[1]
    return (address, try image(of: address, isReturnAddress: true))
  }

  /// The first lies in the caller of this function.
  @inline(never)
  private static func returnAddresses() throws -> [UInt] {
    // Glibc has it, its module map does not.
    typealias Backtrace = @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int32) -> Int32
    guard let symbol = dlsym(nil, "backtrace") else { throw CocoaError(.featureUnsupported) }
    var frames = [UnsafeMutableRawPointer?](repeating: nil, count: 64)
    // SAFETY: backtrace(3) has that signature and writes no more than the 64 places.
    let count = Int(unsafeBitCast(symbol, to: Backtrace.self)(&frames, 64))
    return frames[1..<count].map { UInt(bitPattern: $0) }
  }
}
