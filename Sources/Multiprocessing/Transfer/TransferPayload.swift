package import MultiprocessingSystem

/// An encoded message: its bytes, and the descriptors that handles in it have attached.
package struct TransferPayload: Sendable {
  package var bytes: [UInt8]
  package var descriptors: [Descriptor]

  package init(bytes: [UInt8] = [], descriptors: [Descriptor] = []) {
    self.bytes = bytes
    self.descriptors = descriptors
  }
}
