/// What the two ends of a message have in common.
package enum TransferFormat: Sendable, Hashable {
  /// Both run the same build of the program: trivially copyable values and arrays of them may cross as their bytes.
  case sameBuild
  /// The reader may be another build, or not be written in Swift: plain CBOR.
  case portable
}
