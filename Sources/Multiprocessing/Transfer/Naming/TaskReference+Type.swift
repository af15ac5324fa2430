internal import MultiprocessingSystem

extension TaskReference {
  /// The reference of a task type.
  ///
  /// - Throws: `notTransferable` for a type that another process cannot find.
  package static func of<Task: ProcessTask>(_ type: Task.Type) throws -> TaskReference {
    if let name = RuntimeNames.mangledName(of: type), !RuntimeNames.isAnonymous(name) { return Self(.type(name)) }
    guard let descriptor = TypePlace.descriptor(of: type), let image = Image.holding(descriptor) else {
      throw MultiprocessingError(
        .notTransferable,
        """
        the task type \(type) is private or local, and generic or not a struct or enum, so another process cannot \
        find it: make it internal and declare it at file or type scope
        """)
    }
    return Self(.typePlace(image: image.key, offset: image.offset(of: descriptor)))
  }

  /// The task with this reference in the present process.
  ///
  /// - Throws: `startFailed` when there is none: another build runs here.
  package func entry() throws -> TaskEntry { try KnownTasks.current.entry(of: self) { try find() } }

  private func find() throws -> TaskEntry {
    switch name {
    case .type(let name):
      return try Self.entry(of: RuntimeNames.type(named: name), called: name)
    case .typePlace(let image, let offset):
      return try Self.entry(of: Self.type(at: image, offset), called: "\(image)+\(offset)")
    case .closure(let image, let offset, let box):
      return try ClosureReference.entry(image: image, offset: offset, box: box)
    }
  }

  private static func entry(of type: Any.Type?, called name: String) throws -> TaskEntry {
    guard let task = type as? any ProcessTask.Type else {
      throw MultiprocessingError(
        .startFailed,
        "this executable has no task type \(name): start the child from a build that contains it")
    }
    return entry(of: task)
  }

  private static func entry<Task: ProcessTask>(of type: Task.Type) -> TaskEntry {
    TaskEntry(
      run: { payload, format in
        let task = try TransferCoder<Task>.decode(payload, format)
        return try Task.outputCoder.encode(try await task.run(), format, spills: true)
      },
      runChunk: { payload, format, series in
        try await Chunk<Task, Task.Output>(coder: Task.outputCoder).run(
          payload, format, series, suspending: { try await $0.run() })
      })
  }
}

extension Image {
  /// What names this image in a reference: empty for the main executable.
  var key: String { isMain ? "" : identity }

  /// The image with this key in the present process; nil when it is not loaded here.
  static func with(key: String) -> Image? {
    key.isEmpty ? Image.main : Image.all().first { $0.identity == key }
  }
}
