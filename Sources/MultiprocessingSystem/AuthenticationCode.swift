internal import CMultiprocessing

/// Authentication codes (HMAC with SHA-256), where the program links the product that computes them.
package enum AuthenticationCode {
  /// Bytes of a code.
  package static let byteCount = Int(MP_AUTHENTICATION_CODE)

  /// Whether this program can make and check them.
  package static var isAvailable: Bool { mp_authentication_is_there() == 1 }

  /// The code of a message. Only where they are available.
  package static func make(key: [UInt8], message: [UInt8]) -> [UInt8] {
    // SAFETY: the arrays outlive the call; it writes as many bytes as a code has.
    [UInt8](unsafeUninitializedCapacity: byteCount) { code, count in
      mp_authentication_make(key, key.count, message, message.count, code.baseAddress!)
      count = byteCount
    }
  }

  /// Whether `code` is that of the message, found in a time that tells nothing. Only where they are available.
  package static func isValid(_ code: [UInt8], key: [UInt8], message: [UInt8]) -> Bool {
    // SAFETY: the arrays outlive the call; the code is as long as it reads.
    code.count == byteCount && mp_authentication_check(key, key.count, message, message.count, code) == 1
  }
}
