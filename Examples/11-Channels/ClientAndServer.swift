internal import Multiprocessing
internal import MultiprocessingAuthentication

/// Asks a server that may be on another machine, and be written in another language.
private func square(_ number: Int, at address: SocketAddress, _ key: [UInt8]) async throws -> Int {
  let connection = try await Connection<Int, Int>.connect(to: address, authenticationKey: key, timeout: .seconds(30))
  try await connection.send(number)
  return try await connection.receive()
}

/// Answers the one request of the next client.
private func serveOne(_ listener: Listener<Int, Int>) async throws {
  let connection = try await listener.accept()
  let number = try await connection.receive()
  try await connection.send(number * number)
}

extension Program {
  static let clientAndServer = Program(
    "client-and-server", rows: [58], .channels, "a server and its clients, over TCP, with a key"
  ) {
    let key = AuthenticationKey.random()
    let listener = try Listener<Int, Int>(at: .tcp(host: "localhost", port: 0), authenticationKey: key)
    for number in [3, 4] {
      let client = try ChildProcess.start(number, listener.address, key) { try await square($0, at: $1, $2) }
      try await serveOne(listener)
      print("\(number) squared is \(try await client.value)")
    }
    let stranger = try ChildProcess.start(5, listener.address, [1, 2, 3]) { try await square($0, at: $1, $2) }
    do {
      try await serveOne(listener)
    } catch let error as MultiprocessingError {
      print("a stranger: \(error.code)")
    }
    _ = try? await stranger.value
  }
}
