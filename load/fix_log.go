package load

// What mends the raw log. Only a backup, which costs no request and brings older
// versions back too, is named before it.
const (
	runRepair = "run stripelake verify --stripe --repair"

	// FixLog is what to do about a raw log that lacks something.
	FixLog = "restore the stream's folder in raw/ from a backup; without one, " + runRepair
)
