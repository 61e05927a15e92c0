package trace

// Trace has a func for each moment at which a crash leaves something different behind.
// Crash tests and progress use them. Every func may be nil.
type Trace struct {
	SchemasDeclared  func() // a new version of the lake's schemas is in force
	SegmentWritten   func() // the temporary file is complete and synced, not yet visible
	SegmentRenamed   func() // visible under its final name, the folder not yet synced
	SegmentSynced    func() // durable
	SegmentsMerged   func() // small segments are merged, and their files removed
	CursorMoved      func() // cursor.json is replaced and durable
	BatchStaged      func() // one batch is in the open transaction
	BeforeCommit     func() // rows and position are merged, not committed
	AfterCommit      func() // committed, not yet returned to the caller
	StateRewritten   func() // an empty or compacted state has replaced the old one
	NextBegun        func() // the state of a rebuild is durable; the present state is unchanged
	PartWritten      func() // a temporary partition file is complete and synced; several writers call it from several goroutines
	PartRenamed      func() // the partition file has its final name in the unlinked generation; also from several goroutines
	PartitionsMade   func() // every partition file is in the unlinked generation, the state not yet copied
	BaseTaken        func() // the warehouse of the generation that goes is in the unlinked one, not yet changed
	WarehouseCopied  func() // that warehouse is patched, or the state is copied and its private tables not yet dropped
	GenerationReady  func() // the generation is complete and synced, not linked
	GenerationLinked func() // `current` points at it
	DirtyCleared     func() // the state has recorded that it is published
	GenerationsSwept func() // old generations are removed
	LossRecorded     func() // the loss is recorded durably; from here on its repair will be finished
	LossSetAside     func() // the damaged files are renamed, and nothing replaces them yet
	ErasureRecorded  func() // the erasure is recorded durably; from here on it will be finished
	ForgottenListed  func() // the ids are on the list of the forgotten
	StateDiscarded   func() // everything derived is removed, and nothing is made yet
	OthersRemoved    func() // only the generation made after an erasure remains
	ReceiptWritten   func() // the receipt is durable, and the record of the erasure still exists
}

// Hit calls f unless it is nil.
func Hit(f func()) {
	if f != nil {
		f()
	}
}
