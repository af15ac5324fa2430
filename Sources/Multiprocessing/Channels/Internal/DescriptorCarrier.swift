internal import MultiprocessingSystem

/// Many descriptors as one: they wait in a socket, which travels in their place.
///
/// So a message with any number of handles is one datagram, and needs no lock at either end.
enum DescriptorCarrier {
  /// The end to receive them from. They stay in it after the other is closed.
  static func loaded(with descriptors: [Descriptor], perMessage: Int) throws -> Descriptor {
    do {
      let (near, far) = try MessageSocket.pair()
      for start in stride(from: 0, to: descriptors.count, by: perMessage) {
        let part = Array(descriptors[start..<min(start + perMessage, descriptors.count)])
        try near.send(header: [0], descriptors: part, isBlocking: false)
      }
      return far.descriptor
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("sending \(descriptors.count) descriptors", error)
    }
  }

  /// Takes them out.
  ///
  /// - Throws: `notTransferable` when there are not as many as the message says.
  static func unloaded(_ carrier: Descriptor, expecting count: Int) throws -> [Descriptor] {
    guard count <= TransferContext.maximumCount else { throw DatagramLink.malformed("too many descriptors") }
    let socket = MessageSocket(carrier)
    var descriptors: [Descriptor] = []
    while descriptors.count < count {
      let part: MessageSocket.Message?
      do {
        part = try socket.receive(isBlocking: false)
      } catch let error as SystemError where error.wouldBlock {
        throw DatagramLink.malformed("a carrier that lacks descriptors")
      }
      guard let part, !part.descriptors.isEmpty else {
        throw DatagramLink.malformed("a carrier that lacks descriptors")
      }
      descriptors += part.descriptors
    }
    return descriptors
  }
}
