/// An error thrown in another process whose own type could not cross.
public struct RemoteFailure: Error, Sendable, Codable, CustomStringConvertible {
  /// The error's type, with its module.
  public var typeName: String
  /// The error's own words, as `String(describing:)` gave them there.
  public var description: String
  /// The process that threw it.
  public var processID: ProcessID
  /// That process's name.
  public var processName: String

  package init(typeName: String, description: String, processID: ProcessID, processName: String) {
    self.typeName = typeName
    self.description = description
    self.processID = processID
    self.processName = processName
  }
}

extension RemoteFailure {
  /// Any error of this process, ready to cross to another.
  package init(describing error: any Error) {
    if let failure = error as? RemoteFailure {
      self = failure
    } else {
      let description = String(describing: error)
      // In a message beside others: not a whole document.
      let isLong = description.utf8.count > Self.longest
      self.init(error, isLong ? String(description.prefix(Self.longest)) + " …" : description)
    }
  }

  private static let longest = 65_536

  /// The same without the error's own words, which are code of the user's.
  package init(undescribed error: any Error) { self.init(error, "an error without further words") }

  private init(_ error: any Error, _ description: String) {
    self.init(
      typeName: String(reflecting: type(of: error)), description: description,
      processID: ProcessIdentity.currentID, processName: ProcessIdentity.currentName)
  }
}
