// error: requires that 'String' conform to 'BitwiseCopyable'
import Multiprocessing

func share(_ text: String) throws { _ = try SharedValue(text) }
