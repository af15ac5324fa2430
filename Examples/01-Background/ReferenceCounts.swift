final class Box {}

extension Program {
  // Python counts names (and the call's argument: 3); Swift only tells whether there is more than one owner.
  static let referenceCounts = Program(
    "reference-counts", rows: [4], .background, "an object knows whether it has one owner or more"
  ) {
    var foo = Box()
    print("one name, unique: \(isKnownUniquelyReferenced(&foo))")
    let bar = foo
    withExtendedLifetime(bar) {
      print("two names, unique: \(isKnownUniquelyReferenced(&foo))")
    }
  }
}
