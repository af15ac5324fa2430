/// Keys for `Listener` and `Connection.connect`.
///
/// A program that depends on this product can use them: authentication needs no call to switch it on.
public enum AuthenticationKey {
  /// How many bytes a key of `random` has: as many as the codes that are made with it.
  public static let byteCount = 32

  /// A new key that nobody can guess. Both programs need it, and nobody else may see it.
  public static func random() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
