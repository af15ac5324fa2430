internal import Glibc

/// Facts about this process.
package enum ThisProcess {
  package static var currentID: Int32 { getpid() }
  package static var parentID: Int32 { getppid() }
}
