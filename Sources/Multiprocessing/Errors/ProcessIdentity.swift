internal import MultiprocessingSystem
internal import Synchronization

/// Who this process is, for every layer that has to say so.
package enum ProcessIdentity {
  package static var currentID: ProcessID { ThisProcess.currentID }
  package static var currentName: String { name.withLock { $0 } }

  /// Set once by a child's entry, before any code of the user runs.
  package static func setName(_ newName: String) { name.withLock { $0 = newName } }

  private static let name = Mutex("MainProcess")
}
