package hint

// hintedError is an error that knows what to do about it. Whoever shows the two
// apart asks for them, and cuts no text.
type hintedError struct{ says, fix string }

// New is an error that says what happened, and what to do about it.
func New(says, fix string) error { return &hintedError{says, fix} }

func (e *hintedError) Error() string { return e.says + ": " + e.fix }

// Told says what happened, and what to do about it.
func (e *hintedError) Told() (says, fix string) { return e.says, e.fix }
