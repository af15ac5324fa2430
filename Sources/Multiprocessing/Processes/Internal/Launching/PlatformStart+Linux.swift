#if os(Linux)
  /// Which start methods Linux has.
  enum PlatformStart {
    static let methods: [StartMethod] = [.forkServer, .spawn, .fork]
  }
#endif
