package main

// tableScreen is the terminal that a table is shown on. It has a size only: what is printed
// goes through the writer of standard output, or through the pager.
type tableScreen struct {
	columns, lines int
	wide           bool                   // every column is wanted whole
	pager          func() (*pager, error) // nil where none is to be used
	rest           string                 // how to see what is cut: "--wide shows all"
}

// screenOf returns the terminal of standard output, or nil where there is none. A
// terminal without a size is not fitted to.
func (env *environment) screenOf(rest string) *tableScreen {
	if env.raw == nil {
		return nil
	}
	columns, lines, ok := screenSize(env.raw.file())
	if !ok || columns == 0 || lines == 0 {
		return nil
	}
	return &tableScreen{columns: columns, lines: lines, rest: rest}
}

// page returns the pager for a text of that many lines and that width, and nil where it
// fits the screen.
func (s *tableScreen) page(lines, width int) (*pager, error) {
	tall := lines >= s.lines // the prompt needs a line, too
	if s.pager == nil || !tall && !(s.wide && width > s.columns) {
		return nil, nil
	}
	return s.pager()
}
