/// What a fork server is sent with the descriptors of a child: the child's parameters, so that the child finds them in
/// its memory. Parameters too long for one message are in the page file.
///
/// One byte, 1 when the parameters follow, else 0; then the parameters.
struct CloneRequest {
  /// Well below what one message carries.
  private static let inlineLimit = 32_768

  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The request for a child, and what is to be in its page file.
  static func of(_ parameters: ChildParameters) -> (request: CloneRequest, inFile: [UInt8]) {
    let bytes = parameters.bytes
    if bytes.count > inlineLimit { return (CloneRequest(bytes: [0]), bytes) }
    return (CloneRequest(bytes: [1] + bytes), [])
  }

  /// The parameters as they came; nil when they are in the page file.
  var parameters: [UInt8]? { bytes.first == 1 ? Array(bytes.dropFirst()) : nil }
}
