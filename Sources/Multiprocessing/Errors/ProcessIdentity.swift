internal import MultiprocessingSystem

/// Who this process is, for every layer that has to say so.
package struct ProcessIdentity: Sendable {
  package var name = "MainProcess"
  /// Numbers from the main process's child down to this one: `Process-1:2` is 1, 2. Empty in the main process.
  package var path: [Int] = []
  package var isDaemon = false
  package var parentID: ProcessID?
  package var parentName = ""
  /// This process's share of the processors; nil: all that it may use.
  package var parallelism: Int?

  package init() {}

  /// The present process. Set once by a child's entry, before any code of the user's runs.
  package static var current: ProcessIdentity {
    get { published.value }
    set { published.value = newValue }
  }

  package static var currentID: ProcessID { ThisProcess.currentID }
  package static var currentName: String { current.name }

  private static let published = Published(ProcessIdentity())
}
