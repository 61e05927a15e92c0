package rawlog

// StreamKey identifies a stream of an account.
type StreamKey struct{ Account, Stream string }
