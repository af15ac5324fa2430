internal import Glibc

extension ThisProcess {
  /// Where the running program's file is, or was: the kernel appends " (deleted)" once it is gone.
  package static var executablePath: String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      // SAFETY: readlink writes at most `buffer.count` bytes and returns how many.
      let length = readlink("/proc/self/exe", buffer.baseAddress!, buffer.count)
      guard length > 0 else { return nil }
      return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
