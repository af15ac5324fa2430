internal import Foundation

/// Stands in for the standard library's `print`: each call is written at once and whole.
///
/// Into a pipe or a file the C library writes blocks, each process its own: lines of several processes would come
/// late and out of order, and those of a process that is killed not at all.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
  let text = items.map { String(describing: $0) }.joined(separator: separator)
  Swift.print(text + terminator, terminator: "")
  fflush(nil)
}
