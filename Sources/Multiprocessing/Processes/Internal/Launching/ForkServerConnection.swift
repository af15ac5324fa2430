internal import MultiprocessingSystem
internal import Synchronization

/// This process's fork server: started on first use, again when it died. Ends with this process.
final class ForkServerConnection: Sendable {
  static var current: ForkServerConnection { perProcess.value }
  private static let perProcess = PerProcess { ForkServerConnection() }

  final class Server: Sendable {
    let process: RunningProcess
    var control: MessageSocket { process.channel.socket }
    private let environment: UInt64
    private let workingDirectory: String?
    /// Of this process, before it started the server.
    let rights: ProcessControl.Rights

    init(process: RunningProcess, rights: ProcessControl.Rights) {
      (self.process, self.rights) = (process, rights)
      environment = Executable.environmentHash
      workingDirectory = Executable.workingDirectory()
    }

    /// A copy of the server has its environment and directory: names what is different here and now.
    func completeEnvironment(of parameters: inout ChildParameters) {
      if parameters.environment == nil, Executable.environmentHash != environment {
        parameters.environment = Executable.environment()
      }
      if parameters.workingDirectory == nil {
        let now = Executable.workingDirectory()
        if now == nil || now != workingDirectory {
          parameters.workingDirectory = now ?? Executable.pathToDeletedDirectory
        }
      }
    }
  }

  private let running = Mutex<Server?>(nil)
  private let collecting = Mutex(())

  /// The server, started if need be. The lock is held over the start, so that threads do not start several.
  func server() throws -> Server {
    try running.withLock { running in
      let rights = ProcessControl.Rights.own
      if let server = running, !server.process.hasEnded {
        if server.rights == rights { return server }
        // Its children would have rights that this process has given up, or lack some that it has taken. It ends by itself;
        // who waits for it now asks again.
        server.control.shutDown()
        running = nil
      }
      let request = LaunchRequest(
        role: .server, name: "ForkServer", isDaemon: true, context: ProcessContext(.spawn),
        launcher: SpawnLauncher(kind: ChildSetup.serverKind), isQuiet: true)
      let server = Server(process: try RunningProcess.launch(request), rights: rights)
      running = server
      return server
    }
  }

  /// Ends a child that never said its first word; where it is not known who that is, the server too, and what it has made
  /// and nobody knows of.
  func discard(_ child: ProcessID?, of server: Server) {
    // What one thread collects, another must not take for its own.
    collecting.withLock { _ in
      if let child { return ProcessControl.killAndCollectIfThere(child) }
      running.withLock { if $0 === server { $0 = nil } }
      try? server.process.killTree()
      // Its own status first: what is in the group after that are children that never said who they are.
      if server.process.waitBlocking(timeout: .seconds(1)) != nil { ProcessControl.collectGroup(server.process.id) }
    }
  }

  /// Ends a child that is stopped and has not said its first word, as far as anybody knows.
  func killIfStopped(_ child: ProcessID) { collecting.withLock { _ in ProcessControl.killIfStopped(child) } }

  /// The process id of the server, for tests and `mp doctor`; nil when none runs.
  var serverID: ProcessID? { running.withLock { $0?.process.id } }
}
