// error: requires that '[Int]' conform to 'BitwiseCopyable'
import Multiprocessing

func share(_ rows: [[Int]]) throws { _ = try SharedArray(rows) }
