package trace

// Trace is called at each moment at which a crash leaves something different
// behind. Progress and crash tests hang off it; every func may be nil.
type Trace struct {
	SchemasDeclared  func() // another version of the lake's schemas is in force
	SegmentWritten   func() // the temporary file is complete and synced, not yet visible
	SegmentRenamed   func() // visible under its final name, the folder not yet synced
	SegmentSynced    func() // durable
	SegmentsMerged   func() // small segments are one, and their files removed
	CursorMoved      func() // cursor.json replaced and durable
	BatchStaged      func() // one batch is in the open transaction
	BeforeCommit     func() // rows and position are merged, not committed
	AfterCommit      func() // committed, not yet acknowledged to the caller
	StateRewritten   func() // an empty or compacted state has taken the old one's place
	NextBegun        func() // a second state is durable beside the present one
	PartWritten      func() // a temporary partition file is complete and synced; with several writers, from several goroutines
	PartRenamed      func() // the partition file has its final name in the unlinked generation; likewise
	PartitionsMade   func() // every partition file is in the unlinked generation, the state not yet copied
	WarehouseCopied  func() // the state is copied, its private tables not yet dropped
	GenerationReady  func() // the generation is complete and synced, not linked
	GenerationLinked func() // `current` points at it
	DirtyCleared     func() // the state knows that it is published
	GenerationsSwept func() // old generations are removed
	LossRecorded     func() // what was lost of the log is durable; from here on its repair will be finished
	LossSetAside     func() // the damaged files have other names, and nothing is in their place yet
	ErasureRecorded  func() // what is to be erased is durable; from here on it will be
	ForgottenListed  func() // the ids are on the list of what must not come back
	StateDiscarded   func() // everything derived is removed, nothing made yet
	OthersRemoved    func() // only the generation made after an erasure is left
	ReceiptWritten   func() // the receipt is durable, the intention still there
}

// Hit calls a trace func that may be nil.
func Hit(f func()) {
	if f != nil {
		f()
	}
}
