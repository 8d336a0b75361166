package runner

func keepSignals() (restore func()) { return func() {} }
