extension Program {
  // The original chooses by what the GIL allows; Swift has none, so the choice is another one.
  static let threadsOrProcesses = Program("threads-or-processes", rows: [60], .parallelism, "when to use which") {
    print(
      """
      Tasks and threads, nearly always:
      - they run in parallel on every core, also when they only compute
      - they share state, and the compiler checks that they do so safely
      - waiting for input and output costs them next to nothing
      Processes, when the work needs a boundary:
      - it may crash (a trap, a bad pointer, an unsafe library) and must not take the program with it
      - it may hang, and must be stopped at a deadline whether it cooperates or not
      - its memory must be limited, or given back for certain
      - it uses a library with global state that cannot run twice in one process
      The input and the results then cross the boundary as copies: give each task enough to do.
      """)
  }
}
