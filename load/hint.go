package load

// What mends the raw log. Only a backup, which costs no request and brings older
// versions back too, is named before it.
const (
	runRepair = "run stripelake verify --stripe --repair"

	// FixLog is what to do about a raw log that lacks something.
	FixLog = "restore the stream's folder in raw/ from a backup; without one, " + runRepair
)

// hintedError is an error that knows what to do about it. Whoever shows the two
// apart asks for them, and cuts no text.
type hintedError struct{ says, fix string }

func hinted(says, fix string) error { return &hintedError{says, fix} }

func (e *hintedError) Error() string { return e.says + ": " + e.fix }

// Told says what happened, and what to do about it.
func (e *hintedError) Told() (says, fix string) { return e.says, e.fix }
