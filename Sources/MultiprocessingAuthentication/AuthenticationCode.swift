internal import Crypto

// SAFETY: the core, the only caller, gives the lengths of its own arrays, and 32 bytes of room for a code.

// The names by which the core finds these functions where a program has them (`mp_authentication.h`).

@_cdecl("mp_authentication_code")
func writeAuthenticationCode(
  key: UnsafePointer<UInt8>?, keyLength: Int, message: UnsafePointer<UInt8>, length: Int,
  code: UnsafeMutablePointer<UInt8>
) {
  // SAFETY: see the head of the file.
  let made = HMAC<SHA256>.authenticationCode(
    for: UnsafeRawBufferPointer(start: message, count: length), using: symmetricKey(key, keyLength))
  for (index, byte) in made.enumerated() { code[index] = byte }
}

@_cdecl("mp_authentication_is_valid")
func isValidAuthenticationCode(
  key: UnsafePointer<UInt8>?, keyLength: Int, message: UnsafePointer<UInt8>, length: Int, code: UnsafePointer<UInt8>
) -> Int32 {
  // SAFETY: see the head of the file. The comparison takes the same time whatever differs.
  let isValid = HMAC<SHA256>.isValidAuthenticationCode(
    UnsafeRawBufferPointer(start: code, count: SHA256.byteCount),
    authenticating: UnsafeRawBufferPointer(start: message, count: length), using: symmetricKey(key, keyLength))
  return isValid ? 1 : 0
}

private func symmetricKey(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> SymmetricKey {
  // SAFETY: see the head of the file.
  SymmetricKey(data: UnsafeRawBufferPointer(start: bytes, count: count))
}
