internal import Multiprocessing
internal import MultiprocessingAuthentication

/// Asks a server that may be on another machine, and be written in another language.
private func ask(_ address: SocketAddress, _ key: [UInt8]) async throws -> [Int] {
  let connection = try await Connection<Int, Int>.connect(to: address, authenticationKey: key, timeout: .seconds(30))
  var squares: [Int] = []
  for number in 1...3 {
    try await connection.send(number)
    squares.append(try await connection.receive())
  }
  return squares
}

extension Program {
  static let clientAndServer = Program(
    "client-and-server", rows: [58], .channels, "a server and its clients, over TCP, with a key"
  ) {
    let key = AuthenticationKey.random()
    let listener = try Listener<Int, Int>(at: .tcp(host: "localhost", port: 0), authenticationKey: key)
    let clients = try (0..<2).map { _ in try ChildProcess.start(listener.address, key) { try await ask($0, $1) } }
    for _ in clients {
      let connection = try await listener.accept()
      do {
        while true {
          let number = try await connection.receive()
          try await connection.send(number * number)
        }
      } catch let error as MultiprocessingError where error.code == .closed {
        print("a client has gone")
      }
    }
    for client in clients { print(try await client.value) }
    do {
      async let stranger = ask(listener.address, AuthenticationKey.random())
      _ = try await listener.accept()
      _ = try await stranger
    } catch let error as MultiprocessingError {
      print("a stranger: \(error.code)")
    }
  }
}
