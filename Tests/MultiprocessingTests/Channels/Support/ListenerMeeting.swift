import Foundation

@testable import Multiprocessing

/// A kind of address, with addresses that nobody else uses.
enum AddressKind: CaseIterable, Sendable {
  case unix, abstract, tcp

  func fresh() -> SocketAddress {
    let name = "mp-test-\(UUID().uuidString)"
    switch self {
    case .unix: return .unix(path: "/tmp/\(name)")
    case .abstract: return .abstract(name: name)
    case .tcp: return .tcp(host: "localhost", port: 0)
    }
  }

  /// TCP never goes without.
  var key: [UInt8]? { self == .tcp ? [1, 2, 3] : nil }
}

typealias TextListener = Listener<String, String>
typealias Texts = Connection<String, String>

/// Both sides of an accepted connection.
func meet(_ listener: TextListener, key: [UInt8]?) async throws -> (server: Texts, client: Texts) {
  async let accepted = listener.accept(timeout: .seconds(50))
  let client = try await Texts.connect(to: listener.address, authenticationKey: key, timeout: .seconds(50))
  return (try await accepted, client)
}
