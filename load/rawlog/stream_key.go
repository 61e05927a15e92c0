package rawlog

// StreamKey names a stream of an account.
type StreamKey struct{ Account, Stream string }
